"""Tests of `monitoring.analysis`."""
