"""Releases: when which version of a service was deployed, and what began soon after."""
