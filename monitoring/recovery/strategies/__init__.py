"""The strategies, each in a file of its own; `registry` is the one list."""
