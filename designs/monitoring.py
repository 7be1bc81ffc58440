"""The documented address of the monitoring tools: a face of the platform, without logic."""

from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor

__all__ = ["MetricsCollector", "PerformanceMonitor"]
