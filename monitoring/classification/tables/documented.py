"""The eight documented error types, and what an instance of each is like; other tables build on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..kinds import ErrorType
from ..severity import ErrorSeverity
from ..traits import Traits

_DATABASE = Traits("DatabaseError", ErrorType.DATABASE_ERROR, ErrorSeverity.CRITICAL, retryable=False)
_TIMEOUT = Traits("TimeoutError", ErrorType.TIMEOUT_ERROR, ErrorSeverity.HIGH, retryable=True)
_MEMORY = Traits("MemoryError", ErrorType.RESOURCE_ERROR, ErrorSeverity.CRITICAL, retryable=False)
_CONNECTION = Traits("ConnectionError", ErrorType.NETWORK_ERROR, ErrorSeverity.HIGH, retryable=True)
# These four are in no documented list of severities: they are as bad as their bases, or as what they end.
_VALIDATION = Traits("ValidationError", ErrorType.VALIDATION_ERROR, retryable=False)
_AUTHENTICATION = Traits("AuthenticationError", ErrorType.AUTHENTICATION_ERROR, retryable=False)
_API = Traits("APIError", ErrorType.EXTERNAL_SERVICE_ERROR, retryable=True)
_UNAVAILABLE = Traits("ServiceUnavailableError", ErrorType.EXTERNAL_SERVICE_ERROR, retryable=True)

CLASSES: dict[str, Traits] = {
    "DatabaseError": _DATABASE,
    "TimeoutError": _TIMEOUT,
    "MemoryError": _MEMORY,
    "OutOfMemoryError": _MEMORY,
    "ConnectionError": _CONNECTION,
    "ValidationError": _VALIDATION,
    "AuthenticationError": _AUTHENTICATION,
    "APIError": _API,
    "ServiceUnavailableError": _UNAVAILABLE,
}


def like(error_type: str, **others: Any) -> Traits:
    """Return the traits of a class whose instances are of a documented type.

    Args:
        error_type: One of the eight names.
        others: What is different with this class, by the names of `Traits`.
    """
    return replace(CLASSES[error_type], **others)
