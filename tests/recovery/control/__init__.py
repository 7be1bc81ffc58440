"""Tests of `monitoring.recovery.control`."""
