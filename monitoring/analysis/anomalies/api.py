"""Anomalies over HTTP."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField, MomentField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView

from .kinds import Ending, Measure, State
from .models import Anomaly

OF = ("request", "operation", "task", "queue")
"""What anomalies are of."""


class AnomalySerializer(serializers.ModelSerializer[Anomaly]):
    """Something unusual."""

    of = serializers.ChoiceField(choices=OF)
    ending = serializers.ChoiceField(choices=[*Ending.choices, ("", "It is not over.")], help_text="Why it is closed.")
    opened = serializers.DateTimeField(allow_null=True, help_text="`null` while it is only suspected.")
    closed = serializers.DateTimeField(allow_null=True, help_text="`null` while it is so.")
    seen = serializers.DateTimeField(help_text="When it was last unusual; what follows is of then.")
    value = serializers.FloatField(help_text="What was measured: a part of 1, seconds, or a number in the window.")
    expected = serializers.FloatField(help_text="What is usual.")
    chance = serializers.FloatField(help_text="How probable that is or something rarer, were all as usual.")
    says = serializers.CharField(help_text="All this in words.")
    evidence = serializers.DictField()

    class Meta:
        model = Anomaly
        fields = [
            "id",
            "measure",
            "of",
            "service",
            "name",
            "state",
            "ending",
            "started",
            "opened",
            "closed",
            "seen",
            "value",
            "expected",
            "chance",
            "says",
            "evidence",
        ]
        read_only_fields = fields


class AnomalyFilterSerializer(serializers.Serializer[Any]):
    """Which anomalies."""

    state = ChoicesField(State.values, required=False, help_text="One or several, by commas.")
    measure = ChoicesField(Measure.values, required=False, help_text="One or several, by commas.")
    of = ChoicesField(OF, required=False, help_text="One or several, by commas.")
    service = serializers.CharField(required=False, max_length=200, trim_whitespace=False)
    name = serializers.CharField(required=False, max_length=200, trim_whitespace=False)
    since = MomentField(required=False, help_text="Those that were so then or later.")


class AnomalyPages(CursorPages):
    """Pages of anomalies, the newest first."""

    ordering = ("-started", "-id")


class AnomaliesView(ApiView, generics.ListAPIView[Anomaly]):
    """What is unusual, and what was."""

    serializer_class = AnomalySerializer
    pagination_class = AnomalyPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Anomaly]:
        """Narrow down by the query parameters; suspicions are listed when asked for."""
        wanted = read(self.request, AnomalyFilterSerializer, AnomalyPages)
        rows = Anomaly.objects.filter(state__in=wanted.get("state", (State.OPEN.value, State.CLOSED.value)))
        for name in ("measure", "of"):
            if name in wanted:
                rows = rows.filter(**{f"{name}__in": wanted[name]})
        for name in ("service", "name"):
            if name in wanted:
                rows = rows.filter(**{name: wanted[name]})
        if "since" in wanted:
            rows = rows.filter(Q(closed=None) | Q(closed__gte=wanted["since"]))
        return rows

    @describe(
        operation_id="anomalies",
        parameters=[AnomalyFilterSerializer],
        responses={200: AnomalySerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List anomalies, the newest first; without `state` those that are open, and that were."""
        return super().get(request, *args, **kwargs)
