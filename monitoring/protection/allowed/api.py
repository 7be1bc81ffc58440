"""The allow-list over HTTP: read it, put networks on it, take them off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import router
from django.db.models import Q, QuerySet
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import MomentField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.strict import StrictSerializer
from monitoring.access.views import ApiView
from monitoring.protection.fields import NetworkField
from monitoring.protection.people import name_of

from . import actions
from .models import MAX_COMMENT, AllowedNetwork

_MAX_ID = 2**63 - 1
_STATES = ("active", "expired", "ended")


class AllowedSerializer(serializers.ModelSerializer[AllowedNetwork]):
    """A network whose requests are never refused."""

    class Meta:
        model = AllowedNetwork
        fields = ["id", "network", "comment", "expires", "created", "created_by", "ended", "ended_by"]
        read_only_fields = fields


class AllowedFilterSerializer(serializers.Serializer[Any]):
    """Which entries."""

    state = serializers.ChoiceField(
        choices=_STATES, required=False, help_text="`active`, `expired` or `ended`; `active` unless given."
    )
    network = NetworkField(required=False, help_text="That of this network alone, or of this address.")


class NewAllowedSerializer(StrictSerializer):
    """A network that is to be put on the list."""

    network = NetworkField(help_text="Whose requests are not to be refused.")
    comment = serializers.CharField(max_length=MAX_COMMENT, required=False, allow_blank=True, help_text="Why.")
    expires = MomentField(required=False, allow_null=True, help_text="Until when; for good unless given.")

    def validate_expires(self, value: datetime | None) -> datetime | None:
        """Refuse a time that has passed."""
        if value is not None and value <= datetime.now(UTC):
            raise serializers.ValidationError("Must be a time to come.")
        return value


class NowAllowedSerializer(AllowedSerializer):
    """A network that was put on the list."""

    unblocked = serializers.IntegerField(help_text="How many blocks this has ended.")

    class Meta(AllowedSerializer.Meta):
        fields = [*AllowedSerializer.Meta.fields, "unblocked"]
        read_only_fields = fields


class AllowedPages(CursorPages):
    """Pages of the list, the newest first."""


class AllowedView(ApiView, generics.ListAPIView[AllowedNetwork]):
    """The allow-list."""

    serializer_class = AllowedSerializer
    pagination_class = AllowedPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[AllowedNetwork]:
        """Narrow down by the query parameters."""
        given, now = read(self.request, AllowedFilterSerializer, AllowedPages), datetime.now(UTC)
        rows = {
            "active": AllowedNetwork.objects.in_force(now),
            "expired": AllowedNetwork.objects.filter(ended=None, expires__lte=now),
            "ended": AllowedNetwork.objects.filter(ended__isnull=False),
        }[given.get("state", "active")]
        return rows.filter(Q(network=str(given["network"])) if "network" in given else Q())

    @describe(
        operation_id="allowed_networks",
        parameters=[AllowedFilterSerializer],
        responses={200: AllowedSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List networks that people put on the allow-list; those of the settings are in the summary."""
        return super().get(request, *args, **kwargs)

    @describe(
        operation_id="allow_network",
        request=NewAllowedSerializer,
        responses={201: NowAllowedSerializer, **refusals(400, 409)},
    )
    def post(self, request: Request) -> Response:
        """Put a network on the list, in the place of an entry that there is of it, and end the blocks inside of it."""
        given = NewAllowedSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        try:
            row, ended = actions.allow(
                values["network"],
                values.get("comment", ""),
                name_of(request.user),
                datetime.now(UTC),
                values.get("expires"),
            )
        except actions.NotAllowedError as error:
            return problem(409, str(error))
        return Response({**AllowedSerializer(row).data, "unblocked": ended}, status=201)


class AllowedNetworkView(ApiView):
    """One entry of the allow-list."""

    @describe(operation_id="allowed_network", responses={200: AllowedSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return an entry."""
        return Response(AllowedSerializer(_entry(pk)).data)

    @describe(operation_id="disallow_network", responses={204: None, **refusals(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """Take a network off the list. It is kept for some time who put it there and who took it off."""
        if not actions.disallow(_entry(pk).pk, name_of(request.user), datetime.now(UTC)):
            raise NotFound("It was taken off the list already.")
        return Response(status=204)


def _entry(pk: int) -> AllowedNetwork:
    """Return an entry.

    Raises:
        NotFound: There is none.
    """
    rows = AllowedNetwork.objects.using(router.db_for_write(AllowedNetwork))
    found = rows.filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound("There is no such entry.")
    return found
