"""The middleware to add, all of it in one, and the documented three, each for its own part."""

from __future__ import annotations

from typing import Any

from monitoring.recording import facets

from .exchange import App
from .middleware import Middleware
from .options import ErrorHandling, ErrorMonitoring, Logging

_OFF = "off"


class EnginelMiddleware(Middleware):
    """Records requests and errors, refuses who is blocked or throttled, and answers what nobody handled.

    Add it last, so that it is the outermost: `app.add_middleware(EnginelMiddleware, service="shop")`. What is not given
    comes from the environment: `SERVICE`, `ENVIRONMENT`, `RELEASE`, `REDIS_URL`, and `MONITORING` as JSON.

    Args:
        app: What it is put around.
        lines: Whether a line is written for each request.
        answers: Whether exceptions that nobody handled are answered in the JSON error format.
        protection: Whether clients that are blocked or throttled are refused.
        **settings: Settings of Enginel by their names in lower case, such as `service`, `redis_url`, `environment`,
            `release`, `trusted_proxies`.
    """

    def __init__(
        self,
        app: App | None = None,
        *,
        lines: bool = False,
        answers: bool = True,
        protection: bool = True,
        **settings: Any,
    ) -> None:
        wanted = facets.USUAL | (facets.LINES if lines else 0) | (facets.ANSWERS if answers else 0)
        super().__init__(
            app,
            wanted | (facets.PROTECTION if protection else 0),
            **settings,
        )


class ErrorHandlingMiddleware(Middleware):
    """Answers what nobody handled, records it, and refuses who is blocked or throttled.

    Args:
        app: What it is put around.
        **chosen: Keywords, as in `options.ErrorHandling`.
    """

    def __init__(self, app: App | None = None, **chosen: Any) -> None:
        told = ErrorHandling(**chosen)
        super().__init__(
            app,
            facets.ANSWERS | facets.PROTECTION | (facets.ERRORS if told.enable_monitoring else 0),
            recovery=None if told.enable_recovery else _OFF,
            record_body=told.log_request_body or None,
            record_headers=told.log_headers or None,
        )


class LoggingMiddleware(Middleware):
    """Writes a line for each request, and records how long it took.

    Args:
        app: What it is put around.
        **chosen: Keywords, as in `options.Logging`.
    """

    def __init__(self, app: App | None = None, **chosen: Any) -> None:
        told = Logging(**chosen)
        super().__init__(
            app,
            facets.LINES
            | (facets.PERFORMANCE if told.enable_performance_monitoring else 0)
            | (0 if told.enable_business_logging else facets.NO_BUSINESS)
            | (0 if told.enable_audit_logging else facets.NO_AUDIT),
            record_body=told.log_request_body or None,
            record_headers=told.log_headers or None,
            security=None if told.enable_security_monitoring else False,
        )


class ErrorMonitoringMiddleware(Middleware):
    """Records errors, and counts requests.

    Args:
        app: What it is put around.
        **chosen: Keywords, as in `options.ErrorMonitoring`.
    """

    def __init__(self, app: App | None = None, **chosen: Any) -> None:
        told = ErrorMonitoring(**chosen)
        super().__init__(
            app,
            (facets.METRICS if told.enable_metrics else 0) | (facets.ERRORS if told.enable_analysis else 0),
            alerts_sent=None if told.enable_alerting else False,
            recovery=None if told.enable_recovery else _OFF,
            error_metrics_hours=told.retention_hours,
        )
