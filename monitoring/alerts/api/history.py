"""The documented history of alerts over HTTP."""

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
from monitoring.alerts.incidents.alerted import alerted

from .incidents import LabelsField


class HistoryFilterSerializer(serializers.Serializer[Any]):
    """How far back."""

    hours = WholeNumberField(required=False, min_value=1, max_value=24 * 400, default=24)


class AlertSerializer(serializers.Serializer[Any]):
    """One alert of the documented history."""

    id = serializers.IntegerField()
    name = serializers.CharField(help_text="The rule.")
    message = serializers.CharField()
    alert_level = serializers.CharField(help_text="`critical`, `error`, `warning` or `info`.")
    state = serializers.CharField()
    timestamp = serializers.DateTimeField(help_text="When it began to fire.")
    resolved = serializers.DateTimeField(allow_null=True)
    count = serializers.IntegerField()
    labels = LabelsField()


class AlertHistorySerializer(serializers.Serializer[Any]):
    """What alerted in a time."""

    hours = serializers.IntegerField()
    total_alerts = serializers.IntegerField()
    alerts_by_level = serializers.DictField(child=serializers.IntegerField())
    alerts = AlertSerializer(many=True, help_text="The latest, 500 at most.")


class AlertHistoryView(ApiView):
    """The documented history of alerts."""

    @describe(
        operation_id="metrics_alerts",
        parameters=[HistoryFilterSerializer],
        responses={200: AlertHistorySerializer, **refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Return what has begun to fire within some hours, and what still does."""
        return Response(AlertHistorySerializer(alerted(read(request, HistoryFilterSerializer)["hours"])).data)
