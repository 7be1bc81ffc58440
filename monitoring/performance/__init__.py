"""Durations of requests, operations and tasks: rollups, exponential buckets, slow samples, and statistics from them."""

from .monitor import PerformanceMonitor

__all__ = ["PerformanceMonitor"]
