"""Errors over HTTP: one on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.access.negotiation import AnyClient
from monitoring.access.openapi import describe
from monitoring.access.permissions import IsAdmin
from monitoring.access.problems import ProblemSerializer, refusals
from monitoring.access.views import ApiView
from monitoring.answers.problem import MEDIA_TYPE

from .answers import drf
from .provoke import DEFAULT, ERROR_TYPES, provoke

_SERVICE = re.compile(r"[A-Za-z0-9._-]{1,50}")


class ErrorTypeSerializer(serializers.Serializer[Any]):
    """Which error to raise."""

    error_type = serializers.ChoiceField(
        choices=ERROR_TYPES,
        default=DEFAULT,
        error_messages={"invalid_choice": f"There is no such type. There are: {', '.join(ERROR_TYPES)}."},
    )


class MayProvoke(IsAdmin):
    """Staff members; anybody where the project is being developed or tried out."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the project lets strangers raise errors, or the user is on the staff."""
        # Documented settings of Django's own, which is why they are not part of `MONITORING`.
        if settings.DEBUG or getattr(settings, "ENABLE_TEST_ERROR", False):
            return True
        return super().has_permission(request, view)


def _service(request: Request) -> str:
    """Return the service that the client names, or an empty string; a name that could be anything is none."""
    named = request.headers.get("X-Service", "")
    return named if _SERVICE.fullmatch(named) else ""


TEST_ERROR: dict[str, Any] = {
    "operation_id": "test_error",
    "request": ErrorTypeSerializer,
    "parameters": [
        OpenApiParameter(
            "X-Service",
            {"type": "string", "pattern": f"^{_SERVICE.pattern}$"},
            OpenApiParameter.HEADER,
            description="The service whose error it is to be; this one unless given.",
        )
    ],
}
"""How the endpoint is described, apart from its answers."""


class TestErrorView(ApiView):
    """An error on purpose, to see what becomes of errors."""

    permission_classes = [MayProvoke]
    content_negotiation_class = AnyClient

    @describe(**TEST_ERROR, responses={(500, MEDIA_TYPE): ProblemSerializer, **refusals(400)})
    def post(self, request: Request) -> Response:
        """Raise an error that nothing handles."""
        wanted = ErrorTypeSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        provoke(wanted.validated_data["error_type"], _service(request))

    def get_exception_handler(self) -> Callable[..., Any]:
        """Answer in the error format under `DEBUG`, too."""
        return drf.handle
