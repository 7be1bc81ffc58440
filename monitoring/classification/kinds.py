"""What kinds of error there are, what can be done about each, and the record that says both of one error."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .severity import ErrorSeverity


class ErrorType(StrEnum):
    """What kind of trouble an error is, whatever its class is called."""

    VALIDATION_ERROR = "validation_error"
    AUTHENTICATION_ERROR = "authentication_error"
    AUTHORIZATION_ERROR = "authorization_error"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMIT_ERROR = "rate_limit_error"
    SECURITY_ERROR = "security_error"
    DATABASE_ERROR = "database_error"
    CACHE_ERROR = "cache_error"
    QUEUE_ERROR = "queue_error"
    NETWORK_ERROR = "network_error"
    EXTERNAL_SERVICE_ERROR = "external_service_error"
    TIMEOUT_ERROR = "timeout_error"
    RESOURCE_ERROR = "resource_error"
    CONFIGURATION_ERROR = "configuration_error"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Classification:
    """What is known of an error from its class, its HTTP status, and where it was raised.

    Attributes:
        error_type: One of the eight documented names where one fits (`DatabaseError`, `TimeoutError`, …), else the
            name of the class; of a response without an exception `csrf` or the status, such as `404`.
        kind: What kind of trouble it is.
        severity: How bad it is, in the environment it happened in.
        status: HTTP status with which it is answered where nothing recovers.
        answer_status: HTTP status with which error recovery answers it.
        retryable: Whether the same call may succeed later without anything being changed.
        recovery: Names of strategies that may help, the best first.
    """

    error_type: str
    kind: ErrorType
    severity: ErrorSeverity
    status: int
    answer_status: int
    retryable: bool
    recovery: tuple[str, ...]


RECOVERY: dict[str, tuple[str, ...]] = {
    "DatabaseError": ("pool_increase", "timeout_increase", "cache_clear"),
    "TimeoutError": ("timeout_increase", "resource_scale", "cache_clear"),
    "MemoryError": ("resource_scale", "cache_clear", "queue_priority"),
    "ConnectionError": ("retry", "circuit_break", "fallback"),
    "ValidationError": ("fallback", "request_throttle"),
    "AuthenticationError": ("retry", "request_throttle"),
    "APIError": ("retry", "timeout_increase", "fallback"),
    "ServiceUnavailableError": ("retry", "circuit_break", "service_restart"),
}
"""Strategies by error type, in the order in which they are tried."""

RECOVERY_BY_SEVERITY: dict[ErrorSeverity, tuple[str, ...]] = {
    ErrorSeverity.CRITICAL: ("pool_increase", "resource_scale", "service_restart"),
    ErrorSeverity.HIGH: ("timeout_increase", "cache_clear", "fallback"),
    ErrorSeverity.MEDIUM: ("fallback", "request_throttle"),
    ErrorSeverity.LOW: ("retry", "fallback"),
}
"""Strategies for all other error types."""

STRATEGIES = frozenset(name for names in (*RECOVERY.values(), *RECOVERY_BY_SEVERITY.values()) for name in names)
"""Every strategy there is."""
