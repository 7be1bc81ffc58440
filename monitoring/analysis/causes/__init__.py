"""Causes: which chain of requests, tasks and calls an error stands in, and what of it failed first."""
