"""The member `error` of the JSON format, for answers of whatever layer."""

from __future__ import annotations

from typing import Any

from django.urls import Resolver404
from rest_framework import exceptions as rest_framework

from monitoring.access import problems
from monitoring.classification import Classification, classify, classify_exception
from monitoring.conf import get_config
from monitoring.recording import errors
from monitoring.recording.answers.member import member, unknown
from monitoring.recording.answers.shown import shown
from monitoring.recording.context import current
from monitoring.recording.recorder import recorder

_CSRF_REFUSAL = "CSRF Failed"


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
        return {"error": unknown(status, message)}


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


problems.extend(of)
