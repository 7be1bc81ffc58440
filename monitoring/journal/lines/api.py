"""Lines of the log over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField, MomentField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView

from .models import LogLine

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_WINDOW = timedelta(hours=24)
_EXACT = {"trace_id": 32, "request_id": 64, "task_id": 200, "logger": 200, "service": 200, "user_id": 64}


class LogLineSerializer(serializers.ModelSerializer[LogLine]):
    """A line that was logged."""

    level = serializers.SerializerMethodField(help_text="`debug`, `info`, `warning`, `error`, `critical`, or a number.")
    event = serializers.CharField(source="text", help_text="What it says.")

    class Meta:
        model = LogLine
        fields = [
            "id", "at", "level", "logger", "event", "service", "environment", "node", "trace_id", "span_id",
            "request_id", "task_id", "task", "user_id", "fields",
        ]  # fmt: skip
        read_only_fields = fields

    def get_level(self, line: LogLine) -> str:
        """Return the name of the level."""
        return next((name for name, number in LEVELS.items() if number == line.level), str(line.level))


class LogFilterSerializer(serializers.Serializer[Any]):
    """Which lines."""

    level = ChoicesField(list(LEVELS), required=False, help_text="Of these levels: one or several, by commas.")
    trace_id = serializers.CharField(required=False, max_length=_EXACT["trace_id"])
    request_id = serializers.CharField(required=False, max_length=_EXACT["request_id"])
    task_id = serializers.CharField(required=False, max_length=_EXACT["task_id"])
    user_id = serializers.CharField(required=False, max_length=_EXACT["user_id"])
    logger = serializers.CharField(required=False, max_length=_EXACT["logger"])
    service = serializers.CharField(required=False, max_length=_EXACT["service"])
    text = serializers.CharField(required=False, max_length=200, help_text="Anywhere in it; case does not matter.")
    since = MomentField(
        required=False, help_text="Logged then or later; 24 hours ago unless given, or unless it is asked for one id."
    )
    until = MomentField(required=False, help_text="Logged before.")


class LinePages(CursorPages):
    """Pages of lines, the newest first."""

    ordering = ("-at", "-id")


class LogsView(ApiView, generics.ListAPIView[LogLine]):
    """Lines of the log that are kept."""

    serializer_class = LogLineSerializer
    pagination_class = LinePages
    filter_backends = []

    def get_queryset(self) -> QuerySet[LogLine]:
        """Narrow down by the query parameters."""
        wanted, rows = read(self.request, LogFilterSerializer, LinePages), LogLine.objects.all()
        exact = {name: wanted[name] for name in _EXACT if name in wanted}
        rows = rows.filter(**exact)
        if "level" in wanted:
            rows = rows.filter(level__in=[LEVELS[name] for name in wanted["level"]])
        if "text" in wanted:
            rows = rows.filter(text__icontains=wanted["text"])
        since = wanted.get("since")
        if since is None and not exact.keys() & {"trace_id", "request_id", "task_id"}:
            since = datetime.now(UTC) - _WINDOW
        if since is not None:
            rows = rows.filter(at__gte=since, start__gte=int(since.timestamp() // 60))
        if "until" in wanted:
            rows = rows.filter(at__lt=wanted["until"])
        return rows

    @describe(
        operation_id="log_lines",
        parameters=[LogFilterSerializer],
        responses={200: LogLineSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List lines of the log, the newest first: from WARNING on, and from INFO on where a trace is kept."""
        return super().get(request, *args, **kwargs)
