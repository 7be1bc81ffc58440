"""Alerts over HTTP: what is wrong, what people decide about it, and what decides who is told."""
