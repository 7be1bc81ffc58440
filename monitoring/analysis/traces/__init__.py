"""Traces: what a request set off in all services, as a tree of spans and on one time line."""
