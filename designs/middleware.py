"""The documented address of the monitoring middleware: a face of the platform, without logic."""

from monitoring.recording.middleware import (
    ErrorTrackingMiddleware,
    MetricsMiddleware,
    PerformanceMonitoringMiddleware,
    RequestLoggingMiddleware,
)

__all__ = [
    "ErrorTrackingMiddleware",
    "MetricsMiddleware",
    "PerformanceMonitoringMiddleware",
    "RequestLoggingMiddleware",
]
