"""The documented address of the monitoring tools: a face of the platform, without logic."""

from monitoring.health import HealthChecker
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor

__all__ = ["HealthChecker", "MetricsCollector", "PerformanceMonitor"]
