"""What is not told: silences, maintenance windows, and incidents that follow from others."""
