"""The documented functions that make options: `app.add_middleware(LoggingMiddleware, **create_….__dict__)`."""

from __future__ import annotations

from typing import Any

from .options import ErrorHandling, ErrorMonitoring, Logging


def create_error_handling_middleware(**options: Any) -> ErrorHandling:
    """Return options of `ErrorHandlingMiddleware`; its `__dict__` is exactly the keywords.

    Args:
        **options: As in `options.ErrorHandling`.
    """
    return ErrorHandling(**options)


def create_logging_middleware(**options: Any) -> Logging:
    """Return options of `LoggingMiddleware`; its `__dict__` is exactly the keywords.

    Args:
        **options: As in `options.Logging`.
    """
    return Logging(**options)


def create_error_monitoring_middleware(**options: Any) -> ErrorMonitoring:
    """Return options of `ErrorMonitoringMiddleware`; its `__dict__` is exactly the keywords.

    Args:
        **options: As in `options.ErrorMonitoring`.
    """
    return ErrorMonitoring(**options)
