"""The documented address of the monitoring tools: a face of the platform, without logic."""

from monitoring.errors import ErrorTracker
from monitoring.health import HealthChecker
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor

__all__ = ["ErrorTracker", "HealthChecker", "MetricsCollector", "PerformanceMonitor"]
