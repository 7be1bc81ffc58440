"""The log over HTTP: errors, one error in full, and how many there were."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import MAX_LIMIT, CursorPages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from .event import find
from .filters import ErrorFilterSerializer, Exact, narrowed
from .models import ErrorLog
from .recent import documented
from .serializers import ErrorsSerializer, LoggedErrorSerializer, SummarySerializer
from .summary import summarise


class ErrorPages(CursorPages):
    """Pages of errors, the newest first."""

    ordering = ("-created", "-id")


class ErrorsFilterSerializer(ErrorFilterSerializer):
    """Which errors, and how many."""

    limit = WholeNumberField(required=False, min_value=1, max_value=MAX_LIMIT, help_text="How many; 50 unless given.")
    cursor = serializers.CharField(required=False, help_text="Where a page begins; from `next` and `previous`.")


class ErrorsView(ApiView):
    """Errors."""

    @describe(
        operation_id="errors", parameters=[ErrorsFilterSerializer], responses={200: ErrorsSerializer, **refusals(400)}
    )
    def get(self, request: Request) -> Response:
        """List errors, the newest first: those of the last hour, unless the parameters ask for others."""
        pages = ErrorPages()
        rows = pages.paginate_queryset(narrowed(read(request, ErrorFilterSerializer, ErrorPages)), request)
        answer = {
            "count": len(rows),
            "next": pages.get_next_link(),
            "previous": pages.get_previous_link(),
            "errors": [_listed(row) for row in rows],
        }
        return Response(ErrorsSerializer(answer).data)


def _listed(row: ErrorLog) -> dict[str, Any]:
    return documented(row) | {
        "kept": row.kept,
        "service": row.service,
        "name": row.name,
        "status_code": row.status_code,
        "group": (row.group.merged_into_id or row.group_id) if row.group else None,
        "trace_id": row.trace_id,
        "task_id": row.task_id,
    }


class ErrorView(ApiView):
    """One error."""

    @describe(operation_id="error", responses={200: LoggedErrorSerializer, **refusals(404)})
    def get(self, _request: Request, error_id: UUID) -> Response:
        """Return all that is known of an error, by the id that people are shown."""
        found = find(error_id)
        if found is None:
            raise NotFound("There is no error of this id: it did not arrive yet, or its time is up.")
        return Response(LoggedErrorSerializer(found).data)


class SummaryFilterSerializer(serializers.Serializer[Any]):
    """Of what, and over which time."""

    service = Exact(help_text="All services unless given.")
    hours = WholeNumberField(
        default=24, min_value=1, help_text="How many: as far back as counts by hour are kept, 720 (30 days) unless set."
    )

    def validate_hours(self, hours: int) -> int:
        """Refuse what lies before the counts."""
        most = get_config().hour_retention_days * 24
        if hours > most:
            raise serializers.ValidationError(f"Counts by hour are kept for {most} hours.")
        return hours


class SummaryView(ApiView):
    """How many errors there were."""

    @describe(
        operation_id="errors_summary",
        parameters=[SummaryFilterSerializer],
        responses={200: SummarySerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Count the errors of the last hours by severity and type."""
        wanted = read(request, SummaryFilterSerializer)
        return Response(SummarySerializer(summarise(wanted["hours"], wanted.get("service"))).data)
