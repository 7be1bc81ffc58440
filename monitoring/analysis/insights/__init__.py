"""Insights: how many errors there are, where that is going, which patterns they make, and what to do about it."""
