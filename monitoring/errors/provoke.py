"""Errors on purpose, so that one can see what becomes of them. Nothing else raises these classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import DatabaseError


class AuthenticationError(Exception):
    """Somebody could not be authenticated."""


class APIError(Exception):
    """Another service answered with an error."""


class ServiceUnavailableError(Exception):
    """Another service does not answer."""


_ERRORS: dict[str, Callable[[str], Exception]] = {
    error.__name__: error
    for error in (
        DatabaseError,
        TimeoutError,
        MemoryError,
        ConnectionError,
        ValidationError,
        AuthenticationError,
        APIError,
        ServiceUnavailableError,
    )
}
ERROR_TYPES: list[str] = list(_ERRORS)
DEFAULT = "DatabaseError"


def provoke(error_type: str, service: str = "") -> NoReturn:
    """Raise an error.

    Args:
        error_type: One of `ERROR_TYPES`.
        service: Which service's error it is to be; that of this process unless given.
    """
    error: Any = _ERRORS[error_type](f"{error_type}, raised on purpose")
    if service:
        error.enginel_service = service
    raise error
