"""What is known of a response without an exception: its status, and whether it was a failed CSRF check."""

from __future__ import annotations

from .kinds import RECOVERY, ErrorType
from .severity import ErrorSeverity
from .traits import Traits

CSRF = "csrf"

_KINDS: dict[int, ErrorType] = {
    401: ErrorType.AUTHENTICATION_ERROR,
    403: ErrorType.AUTHORIZATION_ERROR,
    404: ErrorType.NOT_FOUND,
    408: ErrorType.TIMEOUT_ERROR,
    409: ErrorType.CONFLICT,
    410: ErrorType.NOT_FOUND,
    412: ErrorType.CONFLICT,
    423: ErrorType.CONFLICT,
    429: ErrorType.RATE_LIMIT_ERROR,
    502: ErrorType.EXTERNAL_SERVICE_ERROR,
    503: ErrorType.RESOURCE_ERROR,
    504: ErrorType.TIMEOUT_ERROR,
    507: ErrorType.RESOURCE_ERROR,
}
_STRATEGIES: dict[int, tuple[str, ...]] = {
    400: RECOVERY["ValidationError"],
    401: RECOVERY["AuthenticationError"],
    422: RECOVERY["ValidationError"],
    502: RECOVERY["APIError"],
    503: RECOVERY["ServiceUnavailableError"],
    504: RECOVERY["TimeoutError"],
}
_PASSING = frozenset({408, 423, 425, 429, 502, 503, 504})


def of_response(status: int, error_type: str = "") -> Traits:
    """Return what is known of a response, or of a log line where the status is 0.

    Args:
        status: Its HTTP status.
        error_type: `csrf`, or empty.
    """
    return Traits(
        kind=ErrorType.SECURITY_ERROR if error_type == CSRF else _kind(status),
        severity=_severity(status, error_type),
        retryable=status in _PASSING,
        recovery=_STRATEGIES.get(status),
    )


def _severity(status: int, error_type: str) -> ErrorSeverity:
    """5xx and lines at ERROR are high; 4xx are low, but a form that nobody can send is mostly our own mistake."""
    if error_type == CSRF:
        return ErrorSeverity.MEDIUM
    return ErrorSeverity.LOW if 0 < status < 500 else ErrorSeverity.HIGH


def _kind(status: int) -> ErrorType:
    default = ErrorType.VALIDATION_ERROR if 400 <= status < 500 else ErrorType.INTERNAL_ERROR
    return _KINDS.get(status, default)
