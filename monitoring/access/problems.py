"""The one JSON error format: RFC 9457 problem details, with DRF's field errors as `errors`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"


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


def refusals(*statuses: int) -> dict[Any, Any]:
    """Return, for an endpoint's description, that it refuses with these statuses, and who may not use it at all."""
    return {(status, MEDIA_TYPE): ProblemSerializer for status in (*statuses, 401, 403)}


def problem(
    status: int,
    detail: str,
    errors: Any = None,
    headers: dict[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> Response:
    """Return a response in the error format.

    Args:
        status: HTTP status code.
        detail: What went wrong this time, for a person to read.
        errors: Messages by the name of the parameter they are about.
        headers: Further headers of the response.
        extensions: Further members of the body.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        body["errors"] = errors
    body |= extensions or {}
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a response, as DRF's handler does; None for what is not DRF's business."""
    response = exception_handler(error, context)
    if response is None:
        return None
    headers = dict(response.headers)
    if isinstance(error, ValidationError):
        return problem(response.status_code, "A parameter is not valid.", _by_field(response.data), headers)
    return problem(response.status_code, str(response.data["detail"]), headers=headers)


def _by_field(errors: Any) -> dict[str, Any]:
    return errors if isinstance(errors, dict) else {"non_field_errors": errors}
