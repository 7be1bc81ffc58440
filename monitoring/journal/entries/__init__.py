"""Reading the journal: lists, one entry, export and admin pages. Nothing in here changes it."""
