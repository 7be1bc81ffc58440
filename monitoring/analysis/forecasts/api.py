"""Forecasts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView

from .models import Forecast
from .window import bounds

OF = ("request", "operation", "task")
"""What forecasts are of."""


class ForecastSerializer(serializers.ModelSerializer[Forecast]):
    """What is expected of an operation."""

    of = serializers.ChoiceField(choices=OF)
    starts = serializers.SerializerMethodField(help_text="When the window begins.")
    ends = serializers.SerializerMethodField(help_text="When it is over.")
    error_probability = serializers.FloatField(
        source="probability", help_text="Of at least one error in the window, between 0 and 1."
    )
    base_rate = serializers.FloatField(source="base", help_text="How often a window has an error.")
    situation = serializers.CharField(help_text="What it is like now.")
    windows = serializers.FloatField(help_text="Windows that were scored; older ones count for less.")
    brier = serializers.FloatField(source="squares", help_text="Mean square error of the forecasts; less is better.")
    base_brier = serializers.FloatField(
        source="base_squares", help_text="The same, had always the base rate been forecast."
    )
    useful = serializers.BooleanField(help_text="Whether forecasts beat the base rate.")

    class Meta:
        model = Forecast
        fields = [
            "of",
            "service",
            "name",
            "starts",
            "ends",
            "error_probability",
            "base_rate",
            "situation",
            "windows",
            "brier",
            "base_brier",
            "useful",
        ]
        read_only_fields = fields

    def get_starts(self, row: Forecast) -> datetime:
        """Return when the window begins."""
        return bounds(row.window)[0]

    def get_ends(self, row: Forecast) -> datetime:
        """Return when the window is over."""
        return bounds(row.window)[1]


class ForecastFilterSerializer(serializers.Serializer[Any]):
    """Which forecasts."""

    useful = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="Those that beat the base rate, or those that do not."
    )
    of = ChoicesField(OF, required=False, help_text="One or several, by commas.")
    service = serializers.CharField(required=False, max_length=200, trim_whitespace=False)
    name = serializers.CharField(required=False, max_length=200, trim_whitespace=False)


class ForecastPages(CursorPages):
    """Pages of forecasts, the most probable errors first."""

    ordering = ("-probability", "-name_id")


class ForecastsView(ApiView, generics.ListAPIView[Forecast]):
    """What is expected, and how good that was so far."""

    serializer_class = ForecastSerializer
    pagination_class = ForecastPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Forecast]:
        """Narrow down by the query parameters."""
        wanted = read(self.request, ForecastFilterSerializer, ForecastPages)
        rows = Forecast.objects.all()
        if "useful" in wanted:
            rows = rows.filter(useful=wanted["useful"] == "true")
        if "of" in wanted:
            rows = rows.filter(of__in=wanted["of"])
        for name in ("service", "name"):
            if name in wanted:
                rows = rows.filter(**{name: wanted[name]})
        return rows

    @describe(
        operation_id="forecasts",
        parameters=[ForecastFilterSerializer],
        responses={200: ForecastSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List forecasts of errors, the most probable first."""
        return super().get(request, *args, **kwargs)
