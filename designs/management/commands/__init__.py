"""Management commands, a file each."""
