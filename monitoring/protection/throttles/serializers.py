"""How throttles are shown, and what may be asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.access.fields import MomentField, SecondsField, WholeNumberField
from monitoring.access.strict import StrictSerializer

from .limit import MAX_BURST, MAX_MATCH, MAX_RATE, MAX_REASON, MIN_RATE, Limit, Scope, canonical
from .models import Origin, Throttle, ThrottleState


class ThrottleSerializer(serializers.ModelSerializer[Throttle]):
    """A throttle."""

    state = serializers.SerializerMethodField()

    class Meta:
        model = Throttle
        fields = [
            "id",
            "state",
            "scope",
            "match",
            "rate",
            "burst",
            "per",
            "reason",
            "origin",
            "enabled",
            "expires",
            "created",
            "created_by",
            "changed",
            "changed_by",
            "ended",
            "ended_by",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=ThrottleState.choices))
    def get_state(self, row: Throttle) -> str:
        """Return what is true of it now."""
        return row.state(datetime.now(UTC)).value


class ThrottleFilterSerializer(serializers.Serializer[Any]):
    """Which throttles."""

    state = serializers.ChoiceField(choices=ThrottleState.choices, required=False)
    scope = serializers.ChoiceField(choices=Scope.choices, required=False)
    origin = serializers.ChoiceField(choices=Origin.choices, required=False)


class NewThrottleSerializer(StrictSerializer):
    """A throttle that is to be made."""

    scope = serializers.ChoiceField(choices=Scope.choices, help_text="What `match` is compared with.")
    match = serializers.CharField(
        max_length=MAX_MATCH,
        help_text="A network; the first digits of a token's stored digest; a route, in which `*` stands for any text; "
        "or `*` for everything.",
    )
    rate = SecondsField(min_value=MIN_RATE, max_value=MAX_RATE, help_text="Requests a second.")
    burst = WholeNumberField(min_value=1, max_value=MAX_BURST, help_text="So many may come at once.")
    per = serializers.ChoiceField(
        choices=Scope.choices, required=False, help_text="Who has a bucket of their own; all share one unless given."
    )
    reason = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True)
    enabled = serializers.BooleanField(required=False)
    expires = MomentField(required=False, allow_null=True, help_text="When it ends by itself; never unless given.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what no request could be compared with, and what is over before it begins."""
        wanted = self._before() | attrs
        if "match" in attrs:
            attrs = attrs | {"match": canonical(wanted["scope"], attrs["match"])}
        limit = {name: (wanted | attrs)[name] for name in Limit.__dataclass_fields__ if name in wanted}
        errors = {name: [text] for name, text in Limit(**limit).problems().items()}
        if attrs.get("expires") is not None and attrs["expires"] <= datetime.now(UTC):
            errors["expires"] = ["Must be a time to come."]
        if errors:
            raise serializers.ValidationError(errors)
        return attrs

    def _before(self) -> dict[str, Any]:
        """Return what holds where nothing else is asked for."""
        return {"per": Scope.ALL.value}


class ThrottleChangeSerializer(NewThrottleSerializer):
    """What changes of a throttle; the rest of it stays, and what it is compared with always does."""

    scope = None  # type: ignore[assignment]  # as REST framework has it: the field is left out

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a change of nothing, and what a new one could not be."""
        if not attrs:
            raise serializers.ValidationError(f"Give at least one of {', '.join(self.fields)}.")
        return super().validate(attrs)

    def _before(self) -> dict[str, Any]:
        row: Throttle = self.context["throttle"]
        return {name: getattr(row, name) for name in Limit.__dataclass_fields__}
