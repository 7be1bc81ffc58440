"""Anomalies: what is unusual for its hour of the week, of routes, operations, tasks and queues."""
