"""The documented exceptions that are answers: raise one, and the middleware answers it in the JSON error format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class HttpError(Exception):
    """An exception that says how it is answered.

    Args:
        message: What went wrong. Clients read it only where the status is below 500.
        details: What there is to say of it: a list such as `[{"field": "email", "message": "…"}]`, or a dict. The
            same holds for who reads it.

    Attributes:
        status_code: Status of the answer.
        code: What machines know it by.
    """

    status_code = 500
    code = "error"

    def __init__(self, message: str = "", details: Sequence[Any] | Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class ValidationError(HttpError):
    """What a client sent is not valid: answered with 422 and what is wrong with which field."""

    status_code = 422
    code = "validation_error"


class DatabaseError(HttpError):
    """The database failed: answered with 500. What it says stays in the error log."""

    status_code = 500
    code = "database_error"
