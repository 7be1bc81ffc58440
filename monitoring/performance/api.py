"""Performance over HTTP: statistics by name."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import stats

MAX_MINUTES = 24 * 60
MAX_NAMES = 500


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
    minutes = serializers.IntegerField(
        default=stats.WINDOW_MINUTES, min_value=1, max_value=MAX_MINUTES, help_text="How far back, until now."
    )
    limit = serializers.IntegerField(default=100, min_value=1, max_value=MAX_NAMES, help_text="Names of each kind.")

    def validate_minutes(self, minutes: int) -> int:
        """Refuse a window of which parts are no longer kept."""
        kept = get_config().minute_retention_hours * 60
        if minutes > kept:
            raise serializers.ValidationError(f"Ensure this value is less than or equal to {kept}.")
        return minutes


class PerformanceView(ApiView):
    """How long requests, operations, tasks, and the waits of tasks took."""

    @describe(
        operation_id="performance",
        parameters=[WindowSerializer],
        responses={200: PerformanceSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return statistics by name over the last minutes."""
        window = WindowSerializer(data=request.query_params.dict())
        window.is_valid(raise_exception=True)
        asked = window.validated_data
        answer: dict[str, Any] = {"minutes": asked["minutes"]}
        for kind in [asked["kind"]] if "kind" in asked else stats.KINDS:
            answer[stats.KINDS[kind]] = stats.slowest_total(kind, minutes=asked["minutes"], limit=asked["limit"])
        return Response(answer)
