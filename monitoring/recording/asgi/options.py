"""What the documented middleware classes can be told: values whose `__dict__` is exactly the keywords of a class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ErrorHandling:
    """Keywords of `ErrorHandlingMiddleware`.

    Attributes:
        enable_recovery: Whether functions of this process that recover errors are called.
        enable_monitoring: Whether errors are recorded; they are answered in any case.
        log_request_body: Whether errors tell of the body, as far as the application had read it, scrubbed.
        log_headers: Whether errors tell of the headers, scrubbed.
    """

    enable_recovery: bool = True
    enable_monitoring: bool = True
    log_request_body: bool = False
    log_headers: bool = False


@dataclass
class Logging:
    """Keywords of `LoggingMiddleware`.

    Attributes:
        log_request_body: Whether lines and errors tell of the body, as far as the application had read it, scrubbed.
        log_response_body: Whether lines tell of the answer's body, its beginning, scrubbed.
        log_headers: Whether lines and errors tell of the headers, scrubbed.
        enable_performance_monitoring: Whether durations are recorded, and samples of slow requests.
        enable_security_monitoring: Whether clients' requests are counted and looked at for attacks.
        enable_business_logging: Whether business events of requests are recorded.
        enable_audit_logging: Whether audit events of requests are recorded.
    """

    log_request_body: bool = False
    log_response_body: bool = False
    log_headers: bool = False
    enable_performance_monitoring: bool = True
    enable_security_monitoring: bool = True
    enable_business_logging: bool = True
    enable_audit_logging: bool = True


@dataclass
class ErrorMonitoring:
    """Keywords of `ErrorMonitoringMiddleware`.

    Attributes:
        enable_metrics: Whether requests are counted.
        enable_alerting: Whether alert conditions and channels of this process are called.
        enable_analysis: Whether errors are recorded, which is what Enginel analyses.
        enable_recovery: Whether functions of this process that recover errors are called.
        retention_hours: How far back totals of errors go where nobody says how far.
    """

    enable_metrics: bool = True
    enable_alerting: bool = True
    enable_analysis: bool = True
    enable_recovery: bool = True
    retention_hours: int = 24
