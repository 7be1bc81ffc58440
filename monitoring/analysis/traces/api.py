"""Traces over HTTP: one on its time line, and a list to find one by."""

from __future__ import annotations

import re

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView

from . import listing, reading
from .serializers import TraceFilterSerializer, TraceSerializer, TracesSerializer

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


class TracesView(ApiView):
    """Traces."""

    @describe(
        operation_id="traces",
        parameters=[TraceFilterSerializer],
        responses={200: TracesSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """List traces of which something is kept, the newest first."""
        asked = read(request, TraceFilterSerializer)
        found, more = listing.find(asked, asked.pop("limit"))
        return Response(TracesSerializer({"truncated": more, "results": found}).data)


class TraceView(ApiView):
    """One trace."""

    @describe(operation_id="trace", responses={200: TraceSerializer, **refusals(400, 404)})
    def get(self, _request: Request, trace_id: str) -> Response:
        """Return what is kept of a trace in all services: its parts as trees, and what happened, by time."""
        if not _ID.fullmatch(trace_id):
            raise ValidationError({"trace_id": ["A trace's id has 32 hexadecimal digits in lower case."]})
        found = reading.read(trace_id)
        if found is None:
            raise NotFound("Nothing is kept of this trace: it did not arrive yet, or its time is up.")
        return Response(TraceSerializer(found, context={"start": found.start}).data)
