"""Channels over HTTP: make, change, delete and test them. Their secrets are never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, router, transaction
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.fields import WholeNumberField
from monitoring.access.openapi import describe
from monitoring.access.problems import problem, refusals
from monitoring.access.strict import StrictSerializer
from monitoring.access.views import ApiView
from monitoring.alerts.channels import redaction, registry, routing, trial
from monitoring.alerts.channels.models import AlertChannel
from monitoring.classification import ErrorSeverity
from monitoring.storage import trail

from .incidents import who
from .rules import ObjectField

_SEVERITIES = [severity.value for severity in ErrorSeverity]
_MAX_ID = 2**63 - 1
_MAX_SETTINGS = 50
_UNKNOWN = "There is no such channel."


class ChannelSerializer(StrictSerializer):
    """Where messages go."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100, help_text="By which rules refer to it.")
    kind = serializers.CharField(max_length=30, help_text="What it is; see the endpoint of kinds.")
    settings = ObjectField(help_text="What the kind needs. Secrets are shown as stars; stars that are sent keep them.")
    severities = serializers.ListField(
        child=serializers.CharField(max_length=10),
        max_length=len(_SEVERITIES),
        required=False,
        default=list,
        help_text=f"It gets the incidents of these: {', '.join(_SEVERITIES)}. With none, what rules name it for.",
    )
    escalation = serializers.BooleanField(
        required=False, default=False, help_text="Whether it gets what nobody acknowledged in time."
    )
    enabled = serializers.BooleanField(required=False, default=True)
    hourly_limit = WholeNumberField(
        required=False,
        default=60,
        min_value=0,
        max_value=100_000,
        help_text="Messages an hour beyond which they become one; 0 for no limit.",
    )
    changed_by = serializers.CharField(read_only=True)

    def to_representation(self, channel: AlertChannel) -> dict[str, Any]:
        """Show a channel without its secrets."""
        shown = dict(super().to_representation(channel))
        return {**shown, "settings": redaction.shown(channel.kind, channel.settings)}

    def validate_severities(self, given: list[str]) -> list[str]:
        """Accept severities in any case, each once."""
        lower = [one.lower() for one in given]
        if wrong := [one for one in lower if one not in _SEVERITIES]:
            raise serializers.ValidationError(f"{wrong[0]!r} is none of {', '.join(_SEVERITIES)}.")
        return [one for one in _SEVERITIES if one in lower]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse settings that the kind cannot work with."""
        row: AlertChannel | None = self.instance
        kind = attrs.get("kind", row.kind if row is not None else "")
        if row is not None and kind != row.kind:
            raise serializers.ValidationError({"kind": ["The kind of a channel cannot change."]})
        if kind not in registry.KINDS:
            raise serializers.ValidationError({"kind": [f"Must be one of {', '.join(registry.KINDS)}."]})
        if "settings" in attrs:
            if len(attrs["settings"]) > _MAX_SETTINGS:
                raise serializers.ValidationError({"settings": ["These are too many."]})
            stored = row.settings if row is not None else {}
            attrs["settings"] = redaction.merged(kind, stored, attrs["settings"])
            if found := registry.problems(kind, attrs["settings"]):
                raise serializers.ValidationError({"settings": found})
        return attrs


class ChannelFieldSerializer(serializers.Serializer[Any]):
    """One setting of a kind of channel."""

    name = serializers.CharField()
    meaning = serializers.CharField()
    secret = serializers.BooleanField()
    needed = serializers.BooleanField()
    many = serializers.BooleanField(help_text="Whether it is a list of texts.")  # type: ignore[assignment]


class ChannelKindSerializer(serializers.Serializer[Any]):
    """One kind of channel."""

    name = serializers.CharField()
    title = serializers.CharField()
    settings = ChannelFieldSerializer(many=True)


class RecipientSerializer(serializers.Serializer[Any]):
    """Where messages go by the settings and by code."""

    severity = serializers.CharField()
    to = serializers.ListField(child=serializers.CharField(), help_text="Without secrets.")


class OutcomeSerializer(serializers.Serializer[Any]):
    """What came of a test at one destination."""

    to = serializers.CharField(source="label")
    result = serializers.CharField(help_text="`sent`; `failed`, when the next attempt may do; or `refused`.")
    detail = serializers.CharField(help_text="Why, without secrets.")


class ChannelKindsView(ApiView):
    """Kinds of channels."""

    @describe(
        operation_id="alert_channel_kinds",
        responses={200: ChannelKindSerializer(many=True), **refusals()},
    )
    def get(self, _request: Request) -> Response:
        """List the kinds of channels with their settings."""
        return Response([_kind(name) for name in registry.KINDS])


class ChannelsView(ApiView):
    """Channels that people made."""

    @describe(operation_id="alert_channels", responses={200: ChannelSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List channels by name, without their secrets."""
        return Response(ChannelSerializer(AlertChannel.objects.order_by("name"), many=True).data)

    @describe(
        operation_id="create_alert_channel",
        request=ChannelSerializer,
        responses={201: ChannelSerializer, **refusals(400, 409)},
    )
    def post(self, request: Request) -> Response:
        """Make a channel."""
        given = ChannelSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return _saved(AlertChannel(**given.validated_data), request, given.validated_data, 201)


class ChannelView(ApiView):
    """One channel."""

    @describe(operation_id="alert_channel", responses={200: ChannelSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a channel, without its secrets."""
        return Response(ChannelSerializer(_row(pk)).data)

    @describe(
        operation_id="change_alert_channel",
        request=ChannelSerializer(partial=True),
        responses={200: ChannelSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a channel."""
        row = _row(pk)
        given = ChannelSerializer(row, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        for name, value in given.validated_data.items():
            setattr(row, name, value)
        return _saved(row, request, given.validated_data, 200)

    @describe(operation_id="delete_alert_channel", responses={204: None, **refusals(404)})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a channel; what waits to be sent to it is given up."""
        row, alias = _row(pk), router.db_for_write(AlertChannel)
        with transaction.atomic(using=alias):
            trail.tell(_deed("channel.delete", row, request, {}), alias)
            row.delete()
        return Response(status=204)


class TestChannelView(ApiView):
    """Whether a channel reaches anybody."""

    @describe(
        operation_id="test_alert_channel",
        request=None,
        responses={200: OutcomeSerializer(many=True), **refusals(404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Send a test to each destination of a channel now, and say what came of it."""
        row = _row(pk)
        trail.tell(_deed("channel.test", row, request, {}), router.db_for_write(AlertChannel))
        outcomes = trial.send_test(row, who(request))
        return Response(OutcomeSerializer(outcomes, many=True).data)


class RecipientsView(ApiView):
    """Who is told of what."""

    @describe(operation_id="alert_recipients", responses={200: RecipientSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List who is told of incidents of each severity, and of those that nobody acknowledged in time."""
        told = [(severity, routing.for_severity(severity)) for severity in _SEVERITIES]
        told.append(("escalation", routing.escalation()))
        return Response([{"severity": severity, "to": [one.label for one in found]} for severity, found in told])

    @describe(
        operation_id="test_alert_recipients",
        request=None,
        responses={200: OutcomeSerializer(many=True), **refusals()},
    )
    def post(self, request: Request) -> Response:
        """Send a test to each of them now, once, and say what came of it."""
        found = [one for severity in _SEVERITIES for one in routing.for_severity(severity)]
        each = {one.key: one for one in (*found, *routing.escalation())}
        deed = trail.Deed("recipients.test", "recipients", "", actor=who(request), details={"number": len(each)})
        trail.tell(deed, router.db_for_write(AlertChannel))
        outcomes = [trial.send_test_to(one, who(request)) for one in each.values()]
        return Response(OutcomeSerializer(outcomes, many=True).data)


def _kind(name: str) -> dict[str, Any]:
    kind = registry.KINDS[name]
    fields = [
        {"name": one.name, "meaning": one.help, "secret": one.secret, "needed": one.required, "many": one.many}
        for one in kind.fields
    ]
    return {"name": kind.name, "title": kind.label, "settings": fields}


def _row(pk: int) -> AlertChannel:
    """Return a channel.

    Raises:
        NotFound: There is none.
    """
    rows = AlertChannel.objects.using(router.db_for_write(AlertChannel))
    found = rows.filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


def _saved(row: AlertChannel, request: Request, given: Mapping[str, Any], status: int) -> Response:
    row.changed_by, action = who(request)[:200], "channel.create" if row.pk is None else "channel.change"
    alias = router.db_for_write(AlertChannel)
    try:
        with transaction.atomic(using=alias):
            row.save()
            trail.tell(_deed(action, row, request, given), alias)
    except IntegrityError:
        return problem(409, "There is another channel of this name.", {"name": ["It is taken."]})
    return Response(ChannelSerializer(row).data, status=status)


def _deed(action: str, row: AlertChannel, request: Request, given: Mapping[str, Any]) -> trail.Deed:
    """Return what was done to a channel; of its settings, which hold secrets, only their names."""
    said = {name: value for name, value in given.items() if name != "settings"}
    if isinstance(settings := given.get("settings"), Mapping):
        said["settings_given"] = sorted(settings)
    details = {"name": row.name, "kind": row.kind, **said}
    return trail.Deed(action, "channel", str(row.pk), actor=who(request), details=details)
