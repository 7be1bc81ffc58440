"""How circuits are shown, and what may be asked of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monitoring.access.fields import SecondsField, WholeNumberField
from monitoring.access.strict import StrictSerializer
from monitoring.recording.resilience.options import MAX_NAME

from .models import MAX_REASON, MAX_SERVICE, Circuit, CircuitChange, State

_MAX_VERSION = 2**63 - 1
_MAX_SECONDS = 86_400.0


class CircuitThresholdsSerializer(serializers.Serializer[Any]):
    """When a circuit opens, and how it is tried, as code has declared it."""

    failure_rate = serializers.FloatField()
    failure_threshold = serializers.IntegerField()
    slow_seconds = serializers.FloatField(allow_null=True)
    slow_rate = serializers.FloatField()
    minimum = serializers.IntegerField(source="least")
    window_seconds = serializers.IntegerField()
    timeout_seconds = serializers.FloatField()
    half_open_requests = serializers.IntegerField()


class CircuitCallsSerializer(serializers.Serializer[Any]):
    """Calls within the window, since the circuit was closed."""

    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    slow = serializers.IntegerField()


class CircuitSerializer(serializers.ModelSerializer[Circuit]):
    """A circuit."""

    thresholds = CircuitThresholdsSerializer()
    calls = CircuitCallsSerializer(help_text="Calls within the window, since it was closed.")

    class Meta:
        model = Circuit
        fields = [
            "id",
            "service",
            "name",
            "state",
            "hold",
            "since",
            "until",
            "reason",
            "by",
            "opened",
            "trials",
            "seen",
            "calls",
            "thresholds",
            "version",
        ]
        read_only_fields = fields


class CircuitChangeSerializer(serializers.ModelSerializer[CircuitChange]):
    """A decision about a circuit."""

    class Meta:
        model = CircuitChange
        fields = ["at", "state", "hold", "reason", "by"]
        read_only_fields = fields


class CircuitDetailSerializer(CircuitSerializer):
    """A circuit with what was decided about it."""

    changes = CircuitChangeSerializer(source="latest", many=True, help_text="The last decisions, the newest first.")

    class Meta(CircuitSerializer.Meta):
        fields = [*CircuitSerializer.Meta.fields, "changes"]
        read_only_fields = fields


class CircuitFilterSerializer(serializers.Serializer[Any]):
    """Which circuits."""

    state = serializers.ChoiceField(choices=State.choices, required=False)
    service = serializers.CharField(max_length=MAX_SERVICE, required=False)
    name = serializers.CharField(max_length=MAX_NAME, required=False)


class CircuitDecisionSerializer(StrictSerializer):
    """What somebody decides about a circuit."""

    version = WholeNumberField(
        min_value=1,
        max_value=_MAX_VERSION,
        help_text="The version that was looked at: the decision is refused if the circuit has changed since.",
    )
    reason = serializers.CharField(max_length=MAX_REASON, help_text="Why, for others to read.")


class CloseCircuitSerializer(CircuitDecisionSerializer):
    """A circuit is to be closed."""

    hold = serializers.BooleanField(default=False, help_text="It stays closed, whatever is counted.")


class OpenCircuitSerializer(CircuitDecisionSerializer):
    """A circuit is to be opened."""

    seconds = SecondsField(
        min_value=1.0,
        max_value=_MAX_SECONDS,
        required=False,
        help_text="After which it is tried; as its thresholds say unless given.",
    )
    hold = serializers.BooleanField(default=False, help_text="It stays open until somebody closes or releases it.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what contradicts itself."""
        if attrs["hold"] and "seconds" in attrs:
            raise serializers.ValidationError({"seconds": ["One that is held open has no end: leave this out."]})
        return attrs
