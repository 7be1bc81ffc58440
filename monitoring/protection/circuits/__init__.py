"""Circuits: dependencies that are left alone for a while, by all processes of a service at once, when they fail."""
