"""Tests of `monitoring.analysis.insights`."""
