"""The member `error` of the JSON format: pure functions."""

from __future__ import annotations

from typing import Any

from monitoring.classification import Classification, ErrorSeverity

from .shown import Shown

_BROKEN = 500


def member(message: str, found: Classification, what: Shown) -> dict[str, Any]:
    """Return the member `error`: type, message, id (null where it leads nowhere) and severity.

    Args:
        message: What visitors are told of it.
        found: What is known of errors of its kind.
        what: Its id, if it has one.
    """
    return {
        "type": found.error_type,
        "message": message,
        "error_id": what.error_id or None,
        "severity": str(found.severity),
    }


def unknown(status: int, message: str) -> dict[str, Any]:
    """Return the member `error` of an answer of which nothing else is known.

    Args:
        status: Of the answer.
        message: What visitors are told of it.
    """
    severity = ErrorSeverity.HIGH if status >= _BROKEN else ErrorSeverity.LOW
    return {"type": str(status), "message": message, "error_id": None, "severity": str(severity)}
