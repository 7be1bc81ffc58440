"""Counting server errors by client, by route and by both, exactly, in a sliding window of their own times."""
