"""The one JSON error format: RFC 9457 problem details, with DRF's field errors as `errors`.

What it says of the error itself, as `error`, comes from a floor above: see `extend`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import exception_handler

from monitoring.answers.problem import MEDIA_TYPE, body


class ErrorSerializer(serializers.Serializer[Any]):
    """The error that an answer tells of."""

    type = serializers.CharField(help_text="Such as `DatabaseError`; `csrf`, or the status, where nothing was raised.")
    message = serializers.CharField()
    error_id = serializers.UUIDField(allow_null=True, help_text="Its id in the error log; null where it is not kept.")
    severity = serializers.CharField(help_text="`critical`, `high`, `medium` or `low`.")


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong with a request."""

    type = serializers.CharField(
        help_text="A URI that names the kind of problem; `about:blank` means the status says it."
    )
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong with which parameter.",
    )
    code = serializers.CharField(required=False, help_text="The kind of trouble, where the project names it.")
    details = serializers.DictField(required=False, help_text="Facts about it, where the project gives some.")
    error = ErrorSerializer()


class Members(Protocol):
    """Returns further members of an answer about an error; raises nothing."""

    def __call__(self, status: int, message: str, exception: BaseException | None = None) -> Mapping[str, Any]:
        """Return them for the status, the detail, and the exception that is answered, where there is one."""


class _Extension:
    """What there is to say of errors, once somebody has said where it comes from."""

    members: Members | None = None


def extend(members: Members) -> None:
    """Take further members of all answers about errors from here on from `members`."""
    _Extension.members = members


def refusals(*statuses: int) -> dict[Any, Any]:
    """Return, for an endpoint's description, that it refuses with these statuses, and who may not use it at all."""
    return {(status, MEDIA_TYPE): ProblemSerializer for status in (*statuses, 401, 403)}


def problem(
    status: int,
    detail: str,
    errors: Any = None,
    headers: dict[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
    *,
    error: BaseException | None = None,
) -> Response:
    """Return a response in the error format.

    Args:
        status: HTTP status code.
        detail: What went wrong this time, for a person to read.
        errors: Messages by the name of the parameter they are about.
        headers: Further headers of the response.
        extensions: Further members of the body.
        error: The exception that is answered, where there is one.
    """
    members = _Extension.members(status, detail, error) if _Extension.members is not None else {}
    filled = body(status, detail, errors, {**members, **(extensions or {})})
    return Response(filled, status=status, headers=headers, content_type=MEDIA_TYPE)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a response, as DRF's handler does; None for what is not DRF's business."""
    response = exception_handler(error, context)
    if response is None:
        return None
    headers = dict(response.headers)
    if isinstance(error, ValidationError):
        errors = _by_field(response.data)
        return problem(response.status_code, "A parameter is not valid.", errors, headers, error=error)
    detail = _detail(response.data)
    told = _told(error)
    field = told.get("details", {}).get("field")
    named = {field: [detail]} if isinstance(field, str) else None
    return problem(response.status_code, detail, named, headers, told, error=error)


def _told(error: Exception) -> dict[str, Any]:
    """Return what an exception of a project says to machines: its `code`, and its `details` as plain JSON."""
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    told: dict[str, Any] = {"code": code} if isinstance(code, str) else {}
    try:
        plain = json.loads(json.dumps(details, cls=JSONEncoder)) if isinstance(details, dict) else None
    except (TypeError, ValueError):  # what no answer can hold is no reason to give none
        plain = None
    return told | {"details": plain} if plain else told


def _detail(data: Any) -> str:
    """Return what is said, whatever form a project's own exception gave to it."""
    return str(data["detail"] if isinstance(data, dict) and "detail" in data else data)


def _by_field(errors: Any) -> dict[str, Any]:
    return errors if isinstance(errors, dict) else {"non_field_errors": errors}
