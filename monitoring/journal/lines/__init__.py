"""Lines of the log that are kept, so that an id leads to what was said."""
