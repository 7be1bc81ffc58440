"""Who asks for recoveries: errors of which something may help, and callers; each becomes a row, once."""
