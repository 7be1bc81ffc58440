"""Tests of `monitoring.recovery`."""
