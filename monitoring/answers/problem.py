"""The one JSON error format: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


def body(status: int, detail: str, errors: Any = None, extensions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of an answer in the error format.

    Args:
        status: HTTP status code.
        detail: What went wrong this time, for a person to read.
        errors: Messages by the name of the parameter they are about.
        extensions: Further members.
    """
    found: dict[str, Any] = {"type": "about:blank", "title": phrase(status), "status": status, "detail": detail}
    if errors is not None:
        found["errors"] = errors
    return found | dict(extensions or {})


def phrase(status: int) -> str:
    """Return the standard phrase of a status, also for those that have none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Error"
