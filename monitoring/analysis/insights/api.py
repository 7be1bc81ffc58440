"""Counts, trends and insights over HTTP, at their documented addresses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.conf import get_config
from monitoring.errors.log.filters import Exact
from monitoring.errors.log.serializers import TypeCountSerializer

from .engine import insights
from .metrics import metrics, trends

_DAY = 24


class InsightFilterSerializer(serializers.Serializer[Any]):
    """Of what, and over which time."""

    service = Exact(help_text="All services unless given.")
    hours = WholeNumberField(default=_DAY, min_value=1, help_text="How many hours, 24 unless given.")

    def validate_hours(self, hours: int) -> int:
        """Refuse a time that nothing earlier can be compared with."""
        most = get_config().hour_retention_days * _DAY // 2
        if hours > most:
            raise serializers.ValidationError(
                f"Counts by hour are kept for {2 * most} hours; half of it can be compared with the time before."
            )
        return hours


class MetricsSerializer(serializers.Serializer[Any]):
    """How many errors there are."""

    hours = serializers.IntegerField()
    total_errors = serializers.IntegerField(help_text="Of these hours.")
    recent_errors = serializers.IntegerField(help_text="Of the last 60 minutes.")
    error_rate_per_minute = serializers.FloatField(help_text="On average of the last 60 minutes.")
    critical_errors = serializers.IntegerField()
    high_errors = serializers.IntegerField()
    unresolved_errors = serializers.IntegerField()
    error_types = TypeCountSerializer(many=True, help_text="The most frequent first.")


class PeakSerializer(serializers.Serializer[Any]):
    """The hour with most errors."""

    hour = serializers.DateTimeField()
    count = serializers.IntegerField()


class TrendsSerializer(serializers.Serializer[Any]):
    """The errors of each hour."""

    hours = serializers.IntegerField()
    hourly_counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="By the beginning of the hour, in UTC; the current one is not over."
    )
    total_errors = serializers.IntegerField()
    average_errors_per_hour = serializers.FloatField()
    peak = PeakSerializer(allow_null=True)
    before = serializers.IntegerField(help_text="Errors of as many hours before.")
    direction = serializers.ChoiceField(["rising", "falling", "steady"], help_text="Other than by chance (1 %).")


class CommonErrorSerializer(serializers.Serializer[Any]):
    """Errors of one cause."""

    group = serializers.IntegerField()
    title = serializers.CharField()
    error_type = serializers.CharField()
    severity = serializers.CharField()
    status = serializers.CharField()
    count = serializers.IntegerField()
    share = serializers.FloatField(help_text="Of all errors, from 0 to 1.")
    before = serializers.IntegerField(help_text="In as many hours before.")
    direction = serializers.ChoiceField(["rising", "falling", "steady"])
    new = serializers.BooleanField(help_text="Whether its first error was in these hours.")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()


class EvidenceSerializer(serializers.Serializer[Any]):
    """What a recommendation was concluded from."""

    group = serializers.IntegerField()
    count = serializers.IntegerField()
    before = serializers.IntegerField()
    share = serializers.FloatField()
    chance = serializers.FloatField(help_text="How probable so many errors are if nothing has changed.")
    since = serializers.DateTimeField()
    hours = serializers.IntegerField()


class RecommendationSerializer(serializers.Serializer[Any]):
    """What to do, and why."""

    kind = serializers.ChoiceField(["regression", "new", "rising", "dominant"])
    recommendation = serializers.CharField()
    evidence = EvidenceSerializer()


class InsightsSerializer(serializers.Serializer[Any]):
    """What errors have in common."""

    hours = serializers.IntegerField()
    total_patterns = serializers.IntegerField(help_text="How many causes there are.")
    total_errors = serializers.IntegerField()
    most_common_errors = CommonErrorSerializer(many=True, help_text="The ten most frequent causes.")
    recommendations = RecommendationSerializer(many=True, help_text="The most pressing first.")


class ErrorMetricsView(ApiView):
    """Counts of errors."""

    @describe(
        operation_id="metrics_errors",
        parameters=[InsightFilterSerializer],
        responses={200: MetricsSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return how many errors there are."""
        return Response(MetricsSerializer(metrics(*_wanted(request))).data)


class TrendsView(ApiView):
    """Errors by hour."""

    @describe(
        operation_id="metrics_trends",
        parameters=[InsightFilterSerializer],
        responses={200: TrendsSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return the errors of each of the last hours, and whether they become more."""
        return Response(TrendsSerializer(trends(*_wanted(request))).data)


class InsightsView(ApiView):
    """Patterns and recommendations."""

    @describe(
        operation_id="metrics_insights",
        parameters=[InsightFilterSerializer],
        responses={200: InsightsSerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return which causes the errors of the last hours have, and what to do about them."""
        return Response(InsightsSerializer(insights(*_wanted(request))).data)


def _wanted(request: Request) -> tuple[int, str | None]:
    wanted = read(request, InsightFilterSerializer)
    return wanted["hours"], wanted.get("service")
