"""Incidents over HTTP: read them and their histories, acknowledge, silence, resolve, comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import ChoicesField, MomentField, SecondsField, WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.strict import StrictSerializer
from monitoring.access.views import ApiView
from monitoring.alerts.incidents import actions
from monitoring.alerts.incidents.models import Incident, IncidentEntry, IncidentState
from monitoring.alerts.silences import actions as silences
from monitoring.classification import ErrorSeverity

from .deliveries import DeliverySerializer

_SEVERITIES = [severity.value for severity in ErrorSeverity]
_STATES = [state.value for state in IncidentState]
_OPEN = [state for state in _STATES if state != IncidentState.RESOLVED]
_MOST_SILENCE = 30 * 86_400
_MOST_ENTRIES, _MOST_DELIVERIES = 200, 200
_MAX_ID = 2**63 - 1


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class LabelsField(serializers.DictField):
    """Labels by name."""


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """Something that is or was wrong."""

    rule = serializers.CharField(source="rule_name", help_text="Name of the rule that found it.")
    labels = LabelsField(help_text="With the rule's name they identify it.")
    state = serializers.CharField(read_only=True, help_text=f"One of {', '.join(_STATES)}.")
    muted = serializers.BooleanField(read_only=True, help_text="Whether nobody is told of it for now.")

    class Meta:
        model = Incident
        fields = [
            "id",
            "rule",
            "labels",
            "severity",
            "state",
            "summary",
            "value",
            "count",
            "started",
            "fired",
            "acknowledged_at",
            "acknowledged_by",
            "resolved",
            "last_active",
            "flapping",
            "muted",
            "silenced",
            "silence",
            "maintenance",
            "inhibited",
            "inhibited_by",
            "version",
        ]
        read_only_fields = fields


class IncidentEntrySerializer(serializers.ModelSerializer[IncidentEntry]):
    """One entry of an incident's history."""

    class Meta:
        model = IncidentEntry
        fields = ["at", "kind", "who", "detail"]
        read_only_fields = fields


class IncidentDetailSerializer(IncidentSerializer):
    """An incident with its evidence, its history and what was sent because of it."""

    evidence = serializers.DictField(help_text="What the rule knows of it.")
    history = serializers.SerializerMethodField(help_text="The latest entries, 200 at most, the newest first.")
    deliveries = serializers.SerializerMethodField(help_text="Who was told what, the newest first, 200 at most.")

    class Meta(IncidentSerializer.Meta):
        fields = [*IncidentSerializer.Meta.fields, "evidence", "history", "deliveries"]
        read_only_fields = fields

    @extend_schema_field(IncidentEntrySerializer(many=True))
    def get_history(self, incident: Incident) -> Any:
        """Return the latest entries of its history."""
        return IncidentEntrySerializer(incident.entries.all()[:_MOST_ENTRIES], many=True).data

    @extend_schema_field(DeliverySerializer(many=True))
    def get_deliveries(self, incident: Incident) -> Any:
        """Return what was sent because of it."""
        rows = incident.deliveries.order_by("-created", "-pk")[:_MOST_DELIVERIES]
        return DeliverySerializer(rows, many=True).data


class IncidentFilterSerializer(serializers.Serializer[Any]):
    """Which incidents."""

    state = ChoicesField(
        [*_STATES, "open"], required=False, help_text=f"One or several of {', '.join(_STATES)}, or `open`, by commas."
    )
    severity = ChoicesField(_SEVERITIES, required=False, help_text="One or several, by commas.")
    rule = serializers.CharField(max_length=100, required=False, trim_whitespace=False)
    muted = serializers.ChoiceField(choices=["true", "false"], required=False)
    since = MomentField(required=False, help_text="Those that began then or later.")
    search = serializers.CharField(max_length=200, required=False, help_text="Part of the summary or the rule's name.")


class IncidentPages(CursorPages):
    """Pages of incidents, the newest first."""

    ordering = ("-started", "-pk")


class IncidentsView(ApiView, generics.ListAPIView[Incident]):
    """Incidents."""

    serializer_class = IncidentSerializer
    pagination_class = IncidentPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[Incident]:
        """Narrow down by the query parameters."""
        given = read(self.request, IncidentFilterSerializer, IncidentPages)
        rows = Incident.objects.defer("evidence", "changes")
        if (states := given.get("state")) is not None:
            wanted = {one for state in states for one in (_OPEN if state == "open" else [state])}
            rows = rows.filter(state__in=wanted)
        if (severities := given.get("severity")) is not None:
            rows = rows.filter(severity__in=severities)
        if (rule := given.get("rule")) is not None:
            rows = rows.filter(rule_name=rule)
        if (muted := given.get("muted")) is not None:
            quiet = Q(silenced=True) | Q(inhibited=True)
            rows = rows.filter(quiet if muted == "true" else ~quiet)
        if (since := given.get("since")) is not None:
            rows = rows.filter(started__gte=since)
        if (text := given.get("search")) is not None:
            rows = rows.filter(Q(summary__icontains=text) | Q(rule_name__icontains=text))
        return rows

    @describe(
        operation_id="incidents",
        parameters=[IncidentFilterSerializer],
        responses={200: IncidentSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List incidents, the newest first."""
        return super().get(request, *args, **kwargs)


class IncidentView(ApiView):
    """One incident."""

    @describe(operation_id="incident", responses={200: IncidentDetailSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return an incident with its history."""
        return Response(_shown(pk))


class DecisionSerializer(StrictSerializer):
    """A decision about an incident."""

    version = WholeNumberField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that was looked at: the decision is refused if the incident has changed since.",
    )


class SilenceIncidentSerializer(StrictSerializer):
    """For how long nobody is to be told of an incident, and why."""

    seconds = SecondsField(min_value=60, max_value=_MOST_SILENCE)
    comment = serializers.CharField(max_length=10_000, required=False, default="", allow_blank=True)


class IncidentCommentSerializer(StrictSerializer):
    """What somebody has to say about an incident."""

    text = serializers.CharField(max_length=actions.MAX_COMMENT)


class _DecisionView(ApiView):
    """Something that people decide about an incident. Deciding it once more changes nothing."""

    @staticmethod
    def decide(incident_id: int, who: str, version: int | None = None) -> bool:
        """Carry it out; raises what `incidents.actions` raises."""
        raise NotImplementedError

    def answer(self, request: Request, pk: int) -> Response:
        """Carry the decision out, and show what has become of the incident."""
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version = given.validated_data.get("version")
        return _carried_out(lambda: self.decide(pk, who(request), version), pk)


_DECIDED: Any = {
    "request": DecisionSerializer,
    "responses": {200: IncidentDetailSerializer, **refusals(400, 404, 409)},
}


class AcknowledgeView(_DecisionView):
    """Somebody looks after an incident."""

    decide = staticmethod(actions.acknowledge)

    @describe(operation_id="acknowledge_incident", **_DECIDED)
    def post(self, request: Request, pk: int) -> Response:
        """Say that somebody looks after an incident: it is not escalated, and nobody is reminded of it."""
        return self.answer(request, pk)


class UnacknowledgeView(_DecisionView):
    """Nobody looks after an incident after all."""

    decide = staticmethod(actions.unacknowledge)

    @describe(operation_id="unacknowledge_incident", **_DECIDED)
    def post(self, request: Request, pk: int) -> Response:
        """Take an acknowledgement back."""
        return self.answer(request, pk)


class ResolveView(_DecisionView):
    """An incident is over."""

    decide = staticmethod(actions.resolve)

    @describe(operation_id="resolve_incident", **_DECIDED)
    def post(self, request: Request, pk: int) -> Response:
        """Say that an incident of something that happened once is over; states that last end by themselves."""
        return self.answer(request, pk)


class SilenceIncidentView(ApiView):
    """Quiet about one incident."""

    @describe(
        operation_id="silence_incident",
        request=SilenceIncidentSerializer,
        responses={200: IncidentDetailSerializer, **refusals(400, 404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Silence an incident, and whatever its rule finds under the same labels, for some time."""
        given = SilenceIncidentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        seconds, comment = given.validated_data["seconds"], given.validated_data["comment"]
        return _carried_out(lambda: silences.silence_incident(pk, seconds, who(request), comment), pk)


class CommentIncidentView(ApiView):
    """What people say about an incident."""

    @describe(
        operation_id="comment_incident",
        request=IncidentCommentSerializer,
        responses={201: IncidentEntrySerializer, **refusals(400, 404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Add a comment to the history of an incident."""
        given = IncidentCommentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            entry = actions.comment(pk, given.validated_data["text"], who(request))
        except (actions.UnknownIncidentError, OverflowError):
            raise NotFound(_UNKNOWN) from None
        return Response(IncidentEntrySerializer(entry).data, status=201)


_UNKNOWN = "There is no such incident."


def who(request: Request) -> str:
    """Return the name under which it is kept what somebody did."""
    return request.user.get_username()


def _carried_out(decide: Callable[[], Any], pk: int) -> Response:
    """Carry a decision out and show the incident; what cannot be decided is a problem."""
    try:
        decide()
    except (actions.UnknownIncidentError, OverflowError):
        raise NotFound(_UNKNOWN) from None
    except actions.RefusedError as error:
        return problem(409, str(error))
    return Response(_shown(pk))


def _shown(pk: int) -> dict[str, Any]:
    found = Incident.objects.filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound(_UNKNOWN)
    return IncidentDetailSerializer(found).data
