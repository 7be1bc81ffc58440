"""The digest: how errors that were taken in become rows of the log and counts of groups."""
