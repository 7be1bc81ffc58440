"""The documented factories and classes: each option is a keyword, and works."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.recording import facets
from monitoring.recording.asgi import (
    ErrorHandlingMiddleware,
    ErrorMonitoringMiddleware,
    LoggingMiddleware,
    PerformanceMonitor,
    create_error_handling_middleware,
    create_error_monitoring_middleware,
    create_logging_middleware,
)
from monitoring.recording.asgi.performance import tally

HANDLING = {"enable_recovery": True, "enable_monitoring": True, "log_request_body": False, "log_headers": False}
MONITORING = {
    "enable_metrics": True,
    "enable_alerting": True,
    "enable_analysis": True,
    "enable_recovery": True,
    "retention_hours": 24,
}
LOGGING = {
    "log_request_body": False,
    "log_response_body": False,
    "log_headers": False,
    "enable_performance_monitoring": True,
    "enable_security_monitoring": True,
    "enable_business_logging": True,
    "enable_audit_logging": True,
}


@pytest.mark.parametrize(
    ("make", "kind", "keywords"),
    [
        (create_error_handling_middleware, ErrorHandlingMiddleware, HANDLING),
        (create_logging_middleware, LoggingMiddleware, LOGGING),
        (create_error_monitoring_middleware, ErrorMonitoringMiddleware, MONITORING),
    ],
)
def test_a_factory_returns_exactly_the_keywords_of_its_class(make: Any, kind: Any, keywords: dict[str, Any]) -> None:
    options = make(**keywords)
    assert options.__dict__ == keywords == make().__dict__
    assert kind(app=None, **options.__dict__).app is None


def test_a_keyword_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TypeError):
        ErrorHandlingMiddleware(None, enable_everything=True)


def test_each_class_is_for_its_part() -> None:
    assert ErrorHandlingMiddleware(None).facets == facets.ANSWERS | facets.PROTECTION | facets.ERRORS
    assert LoggingMiddleware(None).facets == facets.LINES | facets.PERFORMANCE
    assert ErrorMonitoringMiddleware(None).facets == facets.METRICS | facets.ERRORS
    less = LoggingMiddleware(None, enable_performance_monitoring=False, enable_audit_logging=False)
    assert less.facets == facets.LINES | facets.NO_AUDIT


def test_the_performance_monitor_counts_what_is_slow_by_its_own_threshold() -> None:
    tally.forget()
    for milliseconds, failed in ((100, False), (900, True), (1500, False)):
        tally.add(milliseconds * 1_000_000, failed=failed)
    monitor = PerformanceMonitor()
    found = monitor.get_performance_stats()
    assert found["average_duration_ms"] == pytest.approx(833.33, abs=0.01)
    assert (found["slow_requests"], found["error_requests"]) == (1, 1)
    monitor.slow_request_threshold_ms = 500
    assert monitor.get_performance_stats()["slow_requests"] == 2
    tally.forget()
    assert monitor.get_performance_stats()["average_duration_ms"] == 0.0
