"""The member `error` of the JSON format, for answers of whatever layer."""

from __future__ import annotations

from typing import Any

from django.urls import Resolver404
from rest_framework import exceptions as rest_framework

from monitoring.access import problems
from monitoring.classification import Classification, ErrorSeverity, classify, classify_exception
from monitoring.conf import get_config
from monitoring.recording import errors
from monitoring.recording.context import current
from monitoring.recording.recorder import recorder

from .shown import Shown, shown

_CSRF_REFUSAL = "CSRF Failed"
_BROKEN = 500


def of(status: int, message: str, exception: BaseException | None = None) -> dict[str, Any]:
    """Return the extension members of an answer about an error. It raises nothing.

    Args:
        status: Of the answer.
        message: What visitors are told of it.
        exception: What is answered, where there is one.
    """
    try:
        note(exception)
        return {"error": member(message, classification(status, exception), shown(status))}
    except Exception:  # the answer is more important than what it says of the error
        recorder.failed()
        return {"error": {"type": str(status), "message": message, "error_id": None, "severity": _severity(status)}}


def member(message: str, found: Classification, what: Shown) -> dict[str, Any]:
    """Return the member `error`: type, message, id (null where it leads nowhere) and severity."""
    return {
        "type": found.error_type,
        "message": message,
        "error_id": what.error_id or None,
        "severity": str(found.severity),
    }


def classification(status: int, exception: BaseException | None) -> Classification:
    """Return what is known of the error that the running request is answered with."""
    context = current.get()
    error_type = context.error_type if context is not None else ""
    if exception is None or error_type or isinstance(exception, Resolver404):  # no route: it is the answer alone
        return classify((), status, environment=get_config().environment, error_type=error_type)
    return classify_exception(exception, status)


def note(exception: BaseException | None) -> None:
    """Say what is recorded of the answer, where a framework made one of an exception before anybody saw it."""
    context = current.get()
    if exception is None or context is None:
        return
    errors.note(exception)
    if isinstance(exception, rest_framework.PermissionDenied) and str(exception.detail).startswith(_CSRF_REFUSAL):
        context.error_type = errors.CSRF


def _severity(status: int) -> str:
    return ErrorSeverity.HIGH if status >= _BROKEN else ErrorSeverity.LOW


problems.extend(of)
