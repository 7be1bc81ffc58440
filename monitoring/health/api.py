"""The two probes that look further than the process being alive: readiness, and every component in detail."""

from __future__ import annotations

import threading
import time
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.negotiation import AnyClient
from monitoring.access.openapi import describe
from monitoring.access.probes import wait
from monitoring.access.views import ApiView
from monitoring.component import Status
from monitoring.conf import get_config
from monitoring.recording.context import current

from .board import board
from .readiness import readiness
from .report import document, health_json, overall
from .snapshot import Part

HEALTH_JSON = "application/health+json"
_STATUSES = [status.value for status in Status]
_STATUS_HELP = "One of `healthy`, `degraded`, `unhealthy`."


class HealthJsonRenderer(JSONRenderer):
    """Renders the IETF draft's format, whose documents are made in `report`."""

    media_type = HEALTH_JSON
    format = "health"


class Negotiation(AnyClient):
    """Answers in `application/health+json` to who names it, in JSON to all others."""

    def select_renderer(
        self, request: Request, renderers: Any, _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Look for the media type by its name."""
        plain, health = renderers
        wanted = (part.split(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(","))
        chosen = health if HEALTH_JSON in wanted else plain
        return chosen, str(chosen.media_type)


class ComponentSerializer(serializers.Serializer[Any]):
    """How one component is."""

    status = serializers.CharField(help_text=_STATUS_HELP)
    message = serializers.CharField()
    workers = serializers.ListField(child=serializers.CharField(), required=False, help_text="Of `celery` alone.")


class HealthReportSerializer(serializers.Serializer[Any]):
    """How everything is: as bad as the worst component."""

    status = serializers.CharField(help_text=_STATUS_HELP)
    timestamp = serializers.DateTimeField()
    checks = serializers.DictField(child=ComponentSerializer())


@extend_schema_field(
    {
        "type": "object",
        "description": "Every component, with figures and times.",
        "properties": {
            "status": {"type": "string", "enum": _STATUSES},
            "checks": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {
                        "status": {"type": "string", "enum": _STATUSES},
                        "message": {"type": "string"},
                        "details": {"type": "object"},
                        "checked": {"type": "string", "format": "date-time"},
                        "since": {"type": "string", "format": "date-time"},
                    },
                    "required": ["status", "message", "details"],
                },
            },
        },
        "required": ["status", "checks"],
    }
)
class HealthField(serializers.DictField):
    """The health of everything, for admins."""


_RESPONSES: dict[Any, Any] = {(code, "application/json"): HealthReportSerializer for code in (200, 503)}
_RESPONSES |= {(code, HEALTH_JSON): {"type": "object"} for code in (200, 503)}


class _ProbeView(ApiView):
    """Answers from memory: no query, no session, no token."""

    authentication_classes = []
    permission_classes = []
    content_negotiation_class = Negotiation
    renderer_classes = [JSONRenderer, HealthJsonRenderer]

    @classmethod
    def pending(cls) -> threading.Event | None:
        """Return what is set once there is an answer; None when there is one already."""
        raise NotImplementedError

    def answer(self, request: Request, parts: dict[str, Part]) -> Response:
        """Show components: 503 when one is unhealthy, else 200."""
        config = get_config()
        if (context := current.get()) is not None:
            context.blameless = True  # who asks how we are has not made us unwell
        healthy = overall(parts) is not Status.UNHEALTHY
        if isinstance(request.accepted_renderer, HealthJsonRenderer):
            body = health_json(parts, service=config.service, release=config.release)
        else:
            body = document(parts, time.time())
        response = Response(body, status=200 if healthy else 503, headers={"Cache-Control": "no-store"})
        # The evaluator logs what changes; Django would log an error for every probe as long as it lasts.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response


class ReadyView(_ProbeView):
    """Readiness of this process alone."""

    @classmethod
    def pending(cls) -> threading.Event | None:
        """Ask readiness."""
        return readiness.pending()

    @describe(operation_id="health_ready", responses=_RESPONSES)
    def get(self, request: Request) -> Response:
        """Say whether this process can serve: its database, its Redis, its migrations."""
        wait(request, self.pending)
        return self.answer(request, readiness.parts())


class DetailedView(_ProbeView):
    """Every component."""

    @classmethod
    def pending(cls) -> threading.Event | None:
        """Ask the board."""
        return board.pending()

    @describe(operation_id="health_detailed", responses=_RESPONSES)
    def get(self, request: Request) -> Response:
        """Say how every component is, going by the last evaluation: 200, or 503 when one is unhealthy."""
        wait(request, self.pending)
        return self.answer(request, board.parts())
