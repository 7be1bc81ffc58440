"""The journal over HTTP: its entries, one of them, and all of them as lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.negotiation import AnyClient
from monitoring.access.openapi import describe
from monitoring.access.paging import MAX_LIMIT
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.journal.record import record

from . import reading
from .search import JournalFilterSerializer
from .serializers import JournalEntrySerializer, JournalSerializer

LINES = "application/x-ndjson"
_AT_ONCE = 200


class JournalPageSerializer(JournalFilterSerializer):
    """Which entries, and how many."""

    limit = WholeNumberField(required=False, min_value=1, max_value=MAX_LIMIT, help_text="How many; 50 unless given.")
    cursor = serializers.CharField(required=False, help_text="Where a page begins; from `next` and `previous`.")


class JournalView(ApiView):
    """The journal."""

    @describe(
        operation_id="journal",
        parameters=[JournalPageSerializer],
        responses={200: JournalSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """List entries of the journal, the newest first: those of the last 24 hours, unless the parameters say more."""
        pages, rows = reading.EntryPages.of(read(request, JournalFilterSerializer, reading.EntryPages))
        page = pages.paginate_queryset(rows, request)
        answer = {"next": pages.get_next_link(), "previous": pages.get_previous_link(), "results": page}
        return Response(JournalSerializer(answer).data)


class JournalEntryView(ApiView):
    """One entry of the journal."""

    @describe(operation_id="journal_entry", responses={200: JournalEntrySerializer, **refusals(404)})
    def get(self, _request: Request, entry_id: UUID) -> Response:
        """Return an entry by its id, also while it waits to be sealed."""
        found = reading.find(entry_id)
        if found is None:
            raise NotFound("There is no entry of this id: it did not arrive yet, or its time is up.")
        return Response(JournalEntrySerializer(found).data)


class JournalExportView(ApiView):
    """Entries as lines of JSON."""

    content_negotiation_class = AnyClient

    @describe(
        operation_id="export_journal",
        parameters=[JournalFilterSerializer],
        responses={(200, LINES): OpenApiTypes.STR, **refusals(400)},
    )
    def get(self, request: Request) -> Any:
        """Send entries as lines of JSON, the oldest first, as they are read; that somebody did is an entry itself."""
        asked = read(request, JournalFilterSerializer)
        said = {name: str(value) for name, value in asked.items()}
        record("audit", "journal.export", actor=request.user.get_username(), target_type="journal", details=said)
        name = f"journal-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        lines = _lines(asked)
        content: Any = in_turns(lines) if isinstance(request._request, ASGIRequest) else lines
        return StreamingHttpResponse(content, content_type=LINES, headers=headers)


def _lines(asked: Mapping[str, Any]) -> Iterator[bytes]:
    renderer = JSONRenderer()
    for row in reading.each(asked):
        yield renderer.render(JournalEntrySerializer(row).data) + b"\n"


async def in_turns(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pass lines on under an ASGI server, which would otherwise gather them all before it sends the first."""
    while part := await sync_to_async(lambda: b"".join(islice(lines, _AT_ONCE)))():
        yield part
