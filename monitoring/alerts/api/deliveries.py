"""What was sent because of incidents, over HTTP; what was given up can be sent again."""

from __future__ import annotations

from typing import Any

from django.db import router
from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField, WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.alerts.deliveries import reviving
from monitoring.alerts.deliveries.models import Delivery, DeliveryGate
from monitoring.storage.outbox import OutgoingState

_STATES = [state.value for state in OutgoingState]
_MAX_ID = 2**63 - 1


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """That somebody is told of a transition of an incident, and how that goes."""

    incident = serializers.IntegerField(source="incident_id")
    to = serializers.CharField(source="label", help_text="Whom, without secrets.")
    kind = serializers.CharField(read_only=True, help_text="Why: `firing`, `milestone`, `escalated` or `resolved`.")
    state = serializers.CharField(read_only=True, help_text=f"One of {', '.join(_STATES)}.")
    problem = serializers.CharField(source="last_error", help_text="What went wrong the last time.")

    class Meta:
        model = Delivery
        fields = [
            "id",
            "incident",
            "kind",
            "to",
            "channel",
            "state",
            "attempts",
            "created",
            "next_at",
            "settled",
            "problem",
            "idempotency_key",
            "digest",
        ]
        read_only_fields = fields


class DeliveryFilterSerializer(serializers.Serializer[Any]):
    """Which deliveries."""

    state = ChoicesField(_STATES, required=False, help_text=f"One or several of {', '.join(_STATES)}, by commas.")
    channel = serializers.CharField(max_length=30, required=False, help_text="Kind of channel, such as `email`.")
    incident = WholeNumberField(required=False, min_value=1, max_value=_MAX_ID)


class DeliveryPages(CursorPages):
    """Pages of deliveries, the newest first."""

    ordering = ("-created", "-pk")


class DeliveriesView(ApiView, generics.ListAPIView[Delivery]):
    """Deliveries."""

    serializer_class = DeliverySerializer
    pagination_class = DeliveryPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Delivery]:
        """Narrow down by the query parameters."""
        given = read(self.request, DeliveryFilterSerializer, DeliveryPages)
        if (states := given.pop("state", None)) is not None:
            given["state__in"] = states
        return Delivery.objects.filter(**given)

    @describe(
        operation_id="alert_deliveries",
        parameters=[DeliveryFilterSerializer],
        responses={200: DeliverySerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List what was or is to be sent, the newest first."""
        return super().get(request, *args, **kwargs)


class SendAgainView(ApiView):
    """A delivery that was given up."""

    @describe(
        operation_id="send_alert_again",
        request=None,
        responses={202: DeliverySerializer, **refusals(404, 409)},
    )
    def post(self, _request: Request, pk: int) -> Response:
        """Have a message sent that was given up, as the same one: its receiver can tell that it is no second one."""
        rows = Delivery.objects.using(router.db_for_write(Delivery))
        found = rows.filter(pk=pk).first() if pk <= _MAX_ID else None
        if found is None:
            raise NotFound("There is no such delivery.")
        if reason := reviving.refusal(found):
            return problem(409, reason)
        reviving.send_again([pk])
        return Response(DeliverySerializer(rows.get(pk=pk)).data, status=202)


class DestinationSerializer(serializers.ModelSerializer[DeliveryGate]):
    """How it goes with one destination."""

    id = serializers.CharField(source="key", read_only=True)
    to = serializers.CharField(source="label")

    class Meta:
        model = DeliveryGate
        fields = ["id", "to", "channel", "hourly_limit", "failures", "paused_until", "problem"]
        read_only_fields = fields


class DestinationsView(ApiView):
    """Where messages went."""

    @describe(operation_id="alert_destinations", responses={200: DestinationSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List every destination that was ever sent to, and what is wrong with it where something is."""
        return Response(DestinationSerializer(DeliveryGate.objects.order_by("label", "key")[:500], many=True).data)


class TryDestinationView(ApiView):
    """A destination that is left alone for a while."""

    @describe(
        operation_id="try_alert_destination",
        request=None,
        responses={202: DestinationSerializer, **refusals(404)},
    )
    def post(self, _request: Request, key: str) -> Response:
        """End its pause: what waits for it is sent with the next run, within ten seconds."""
        if not reviving.try_at_once([key]):
            raise NotFound("There is no such destination.")
        rows = DeliveryGate.objects.using(router.db_for_write(DeliveryGate))
        return Response(DestinationSerializer(rows.get(pk=key)).data, status=202)
