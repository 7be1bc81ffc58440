"""Performance over HTTP: statistics by name, and what was slow."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import Pages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import stats
from .models import SlowSample

MAX_NAMES = 500
SLOW_KINDS = ["request", "operation", "task"]


class StatisticsSerializer(serializers.Serializer[Any]):
    """Statistics of one name over the window; durations are in seconds."""

    count = serializers.IntegerField()
    total_duration = serializers.FloatField()
    avg_duration = serializers.FloatField()
    min_duration = serializers.FloatField()
    max_duration = serializers.FloatField()
    p50 = serializers.FloatField()
    p95 = serializers.FloatField()
    p99 = serializers.FloatField()
    error_count = serializers.IntegerField()
    error_rate = serializers.FloatField(min_value=0, max_value=1)


class PerformanceSerializer(serializers.Serializer[Any]):
    """Statistics by name, the names with the greatest total duration first; with `kind`, of that kind alone."""

    minutes = serializers.IntegerField(help_text="Length of the window.")
    requests = serializers.DictField(child=StatisticsSerializer(), required=False)
    operations = serializers.DictField(child=StatisticsSerializer(), required=False)
    tasks = serializers.DictField(child=StatisticsSerializer(), required=False)
    waits = serializers.DictField(child=StatisticsSerializer(), required=False)


class WindowSerializer(serializers.Serializer[Any]):
    """Of what, how far back, and how much."""

    kind = serializers.ChoiceField(choices=list(stats.KINDS), required=False, help_text="One kind alone.")
    name = serializers.CharField(
        required=False, max_length=200, trim_whitespace=False, help_text="One name alone, where it ran."
    )
    minutes = WholeNumberField(
        default=stats.WINDOW_MINUTES, min_value=1, max_value=stats.MAX_MINUTES, help_text="How far back, until now."
    )
    limit = WholeNumberField(default=100, min_value=1, max_value=MAX_NAMES, help_text="Names of each kind.")

    def validate_minutes(self, minutes: int) -> int:
        """Refuse a window of which parts are no longer kept."""
        kept = _kept_for(minutes)
        if minutes > kept:
            raise serializers.ValidationError(f"What a window this long is read from is kept for {kept} minutes only.")
        return minutes


def _kept_for(minutes: int) -> int:
    """Return for how many minutes the rows are kept that `stats.segments` reads the beginning of a window from."""
    config = get_config()
    if minutes <= stats.DAY:
        return config.minute_retention_hours * stats.HOUR
    days = config.hour_retention_days if minutes <= 30 * stats.DAY else config.day_retention_days
    return days * stats.DAY


class SlowSampleSerializer(serializers.ModelSerializer[SlowSample]):
    """One request, operation or task that took at least as long as its threshold."""

    duration = serializers.FloatField(help_text="Seconds.")
    context = serializers.DictField(  # type: ignore[assignment]
        help_text="What it was about: ids of request and trace, user, status."
    )

    class Meta:
        model = SlowSample
        fields = ["id", "at", "kind", "service", "name", "duration", "trace_id", "context"]
        read_only_fields = fields


class SlowFilterSerializer(serializers.Serializer[Any]):
    """By what a list of slow samples can be narrowed down."""

    kind = serializers.ChoiceField(choices=SLOW_KINDS, required=False)
    name = serializers.CharField(required=False, max_length=200, trim_whitespace=False)


class SlowView(ApiView, generics.ListAPIView[SlowSample]):
    """What took too long, one by one."""

    serializer_class = SlowSampleSerializer
    pagination_class = Pages
    filter_backends = []

    def get_queryset(self) -> QuerySet[SlowSample]:
        """Narrow down by the query parameters."""
        wanted = read(self.request, SlowFilterSerializer, Pages)
        return SlowSample.objects.filter(**wanted).order_by("-at", "-pk")

    @describe(
        operation_id="slow",
        parameters=[SlowFilterSerializer],
        responses={200: SlowSampleSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List slow requests, operations and tasks, the newest first."""
        return super().get(request, *args, **kwargs)


class PerformanceView(ApiView):
    """How long requests, operations, tasks, and the waits of tasks took."""

    @describe(
        operation_id="performance",
        parameters=[WindowSerializer],
        responses={200: PerformanceSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return statistics by name over the last minutes."""
        asked = read(request, WindowSerializer)
        answer: dict[str, Any] = {"minutes": asked["minutes"]}
        for kind in [asked["kind"]] if "kind" in asked else stats.KINDS:
            answer[stats.KINDS[kind]] = _statistics(kind, asked)
        return Response(answer)


def _statistics(kind: str, asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return statistics by name, as they were asked for."""
    if "name" not in asked:
        return stats.slowest_total(kind, minutes=asked["minutes"], limit=asked["limit"])
    found = stats.statistics_of(kind, asked["name"], asked["minutes"])
    return {asked["name"]: found} if found["count"] else {}
