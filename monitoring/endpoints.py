"""The endpoints that belong to no slice alone: liveness, the dashboard document, and the description of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.views import ApiView
from monitoring.conf import get_config


class HealthSerializer(serializers.Serializer[Any]):
    """The process answers."""

    status = serializers.ChoiceField(choices=["ok"])
    service = serializers.CharField()


class AnyClient(BaseContentNegotiation):
    """Answers in JSON whatever the client asks for: some load balancers ask for nothing but text."""

    def select_parser(self, _request: Request, parsers: Sequence[Any]) -> Any:
        """Take the only parser."""
        return parsers[0]

    def select_renderer(
        self, _request: Request, renderers: Sequence[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Take the only renderer."""
        return renderers[0], str(renderers[0].media_type)


class HealthView(ApiView):
    """Liveness of this process alone: no I/O, no query, no session, no token."""

    authentication_classes = []
    permission_classes = []
    content_negotiation_class = AnyClient

    @extend_schema(operation_id="health", responses=HealthSerializer)
    def get(self, _request: Request) -> Response:
        """Answer that the process is alive."""
        return Response({"status": "ok", "service": get_config().service})
