"""Counters, gauges and cumulative totals."""

from .collector import MetricsCollector

__all__ = ["MetricsCollector"]
