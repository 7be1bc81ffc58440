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


def provoke(error_type: str) -> NoReturn:
    """Raise an error of one of `ERROR_TYPES`."""
    error: Any = _ERRORS[error_type](f"{error_type}, raised on purpose")
    raise error
