"""What was raised, as plain values: frames of tracebacks, and errors in the form in which they travel."""
