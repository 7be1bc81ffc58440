"""Findings of clients over HTTP: list them, look at one, dismiss one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import router
from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField, MomentField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.strict import StrictSerializer
from monitoring.access.views import ApiView

from . import actions
from .kinds import Kind, State
from .models import MAX_WHO, SecurityFinding

_MAX_ID = 2**63 - 1
_MOST_HOURS = 24 * 90
_KINDS, _STATES = [kind.value for kind in Kind], [state.value for state in State]


class SecurityFindingSerializer(serializers.ModelSerializer[SecurityFinding]):
    """Something that a client does as attackers do."""

    kind = serializers.ChoiceField(choices=_KINDS)
    subject = serializers.CharField(help_text="The client's network, or which account or token many clients are at.")
    client = serializers.CharField(help_text="The client's network; empty where many clients are at it.")
    state = serializers.ChoiceField(choices=_STATES)
    confidence = serializers.FloatField(help_text="How sure this is, from 0.5 to 1: the highest there was.")
    says = serializers.CharField(help_text="All this in words.")
    evidence = serializers.DictField()
    seen = serializers.DateTimeField(help_text="When there was evidence of it last.")
    closed = serializers.DateTimeField(allow_null=True, help_text="`null` while it is so.")
    dismissed_until = serializers.DateTimeField(allow_null=True, help_text="Till when the same is not found anew.")
    blocked = serializers.BooleanField(help_text="Whether a rule had the client blocked for it.")

    class Meta:
        model = SecurityFinding
        fields = [
            "id",
            "kind",
            "subject",
            "client",
            "state",
            "confidence",
            "says",
            "evidence",
            "started",
            "seen",
            "closed",
            "dismissed_by",
            "dismissed_until",
            "blocked",
        ]
        read_only_fields = fields


class SecurityFilterSerializer(serializers.Serializer[Any]):
    """Which findings."""

    kind = ChoicesField(_KINDS, required=False, help_text="One or several, by commas.")
    state = ChoicesField(_STATES, required=False, help_text="One or several, by commas.")
    client = serializers.CharField(required=False, max_length=50, help_text="The network, such as `203.0.113.7/32`.")
    since = MomentField(required=False, help_text="Those that were seen then or later.")


class DismissSerializer(StrictSerializer):
    """How a finding is dismissed."""

    hours = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=_MOST_HOURS,
        default=24.0,
        help_text="So long the same is not found anew.",
    )


class SecurityPages(CursorPages):
    """Pages of findings, the newest first."""

    ordering = ("-started", "-id")


class SecurityView(ApiView, generics.ListAPIView[SecurityFinding]):
    """What clients do as attackers do."""

    serializer_class = SecurityFindingSerializer
    pagination_class = SecurityPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[SecurityFinding]:
        """Narrow down by the query parameters."""
        wanted, rows = read(self.request, SecurityFilterSerializer, SecurityPages), SecurityFinding.objects.all()
        for name in ("kind", "state"):
            if name in wanted:
                rows = rows.filter(**{f"{name}__in": wanted[name]})
        if "client" in wanted:
            rows = rows.filter(client=wanted["client"])
        if "since" in wanted:
            rows = rows.filter(seen__gte=wanted["since"])
        return rows

    @describe(
        operation_id="security_findings",
        parameters=[SecurityFilterSerializer],
        responses={200: SecurityFindingSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List findings of clients, the newest first."""
        return super().get(request, *args, **kwargs)


class SecurityFindingView(ApiView):
    """One finding."""

    @describe(operation_id="security_finding", responses={200: SecurityFindingSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a finding."""
        return Response(SecurityFindingSerializer(_finding(pk)).data)


class DismissView(ApiView):
    """Dismissing a finding."""

    @describe(
        operation_id="dismiss_security_finding",
        request=DismissSerializer,
        responses={200: SecurityFindingSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Close a finding as nothing to worry about; the same is not found anew for some time. No block is lifted."""
        given = DismissSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = _finding(pk)
        who = str(request.user.get_username())[:MAX_WHO]
        if not actions.dismiss(row.pk, who, datetime.now(UTC), given.validated_data["hours"]):
            return problem(409, "It was dismissed already.")
        return Response(SecurityFindingSerializer(_finding(pk)).data)


def _finding(pk: int) -> SecurityFinding:
    """Return a finding.

    Raises:
        NotFound: There is none.
    """
    rows = SecurityFinding.objects.using(router.db_for_write(SecurityFinding))
    found = rows.filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound("There is no such finding.")
    return found
