"""Recoveries, their actions and their trail as JSON, and what is sent to decide about them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.access.fields import ChoicesField, MomentField, WholeNumberField
from monitoring.access.strict import StrictSerializer
from monitoring.errors.log.filters import Exact
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry
from monitoring.recovery.states import ActionState, Outcome, State

STATES = [state.value for state in State]
ACTION_STATES = [state.value for state in ActionState]
_OUTCOMES = [outcome.value for outcome in Outcome]
_MOST_REASON = 500
_MAX_ID = 2**63 - 1


@extend_schema_field({"type": "object", "additionalProperties": True})
class PlainField(serializers.JSONField):
    """A JSON object."""


class ActionTakenSerializer(serializers.ModelSerializer[RecoveryAction]):
    """A strategy, and what was made of it."""

    recovery = serializers.UUIDField(source="recovery_id")
    target = serializers.CharField(help_text="What it changes; at most one action stands on a target at a time.")
    parameters = PlainField()
    plan = serializers.CharField(help_text="What it would do.")
    state = serializers.CharField(help_text=f"One of {', '.join(ACTION_STATES)}.")
    says = serializers.CharField(help_text="What was done, or why not.")
    facts = PlainField(help_text="What was seen before and after.")
    reversible = serializers.SerializerMethodField(help_text="Whether there is something to take back.")
    expires = serializers.DateTimeField(allow_null=True, help_text="When its effect ends by itself.")
    version = serializers.IntegerField(help_text="To be sent with a decision about it.")

    class Meta:
        model = RecoveryAction
        fields = [
            *("id", "recovery", "ordinal", "strategy", "target", "parameters", "plan", "state", "says", "facts"),
            *("reversible", "created", "approved_at", "performing_at", "executed_at", "expires", "ended_at", "who"),
            "version",
        ]
        read_only_fields = fields

    def get_reversible(self, row: RecoveryAction) -> bool:
        """Return whether there is something to take back."""
        return row.undo is not None


class RecoveryEpisodeSerializer(serializers.ModelSerializer[Recovery]):
    """One episode: an error, what was done about it, and what came of it."""

    group = serializers.IntegerField(source="group_id", allow_null=True)
    trigger = serializers.CharField(help_text="Who asked for it.")
    state = serializers.CharField(help_text=f"One of {', '.join(STATES)}.")
    leader = serializers.UUIDField(
        source="leader_id",
        allow_null=True,
        help_text="Where it joined: the recovery of the same fault that was under way, whose answer is its own.",
    )
    strategy = serializers.CharField(help_text="What was chosen; `none` to leave it alone, empty while nothing was.")
    success = serializers.BooleanField(allow_null=True, help_text="Whether an action took effect; null while open.")
    outcome = serializers.CharField(
        help_text=f"What became of its signal: one of {', '.join(_OUTCOMES)}, empty until that is known."
    )

    class Meta:
        model = Recovery
        fields = [
            *("id", "error_id", "group", "service", "environment", "error_type", "severity", "name", "dependency"),
            *("trigger", "state", "leader", "strategy", "treated", "success", "message", "outcome"),
            *("requested_at", "decided_at", "executed_at", "settled_at"),
        ]
        read_only_fields = fields


class RecoveryEntrySerializer(serializers.ModelSerializer[RecoveryEntry]):
    """One entry of the audit trail."""

    event = serializers.CharField(help_text="What happened.")
    who = serializers.CharField(help_text="Who did it; empty for Enginel itself.")

    class Meta:
        model = RecoveryEntry
        fields = ["id", "at", "event", "recovery_id", "action_id", "strategy", "target", "who", "says"]
        read_only_fields = fields


class RecoveryDetailSerializer(RecoveryEpisodeSerializer):
    """A recovery with why it was chosen, its actions and its trail."""

    choice = PlainField(help_text="Why this was chosen: in words, by what, and what was believed of each strategy.")
    actions = ActionTakenSerializer(many=True)
    trail = RecoveryEntrySerializer(many=True, help_text="What happened, in its order.")

    class Meta(RecoveryEpisodeSerializer.Meta):
        fields = [*RecoveryEpisodeSerializer.Meta.fields, "choice", "actions", "trail"]
        read_only_fields = fields


class RecoveryFilterSerializer(serializers.Serializer[Any]):
    """Which recoveries."""

    state = ChoicesField(STATES, required=False, help_text=f"One or several of {', '.join(STATES)}, by commas.")
    outcome = ChoicesField(_OUTCOMES, required=False, help_text=f"One or several of {', '.join(_OUTCOMES)}.")
    strategy = Exact()
    error_type = Exact()
    service = Exact()
    name = Exact(help_text="Method and route, a task, or a logger.")
    group = WholeNumberField(required=False, min_value=1, max_value=_MAX_ID)
    error_id = serializers.UUIDField(required=False)
    since = MomentField(required=False, help_text="Those that were asked for then or later.")


class ActionFilterSerializer(serializers.Serializer[Any]):
    """Which actions."""

    state = ChoicesField(ACTION_STATES, required=False, help_text=f"One or several of {', '.join(ACTION_STATES)}.")
    strategy = Exact()
    target = Exact()


class EntryFilterSerializer(serializers.Serializer[Any]):
    """Which entries."""

    recovery = serializers.UUIDField(required=False)
    target = Exact()


class ActionDecisionSerializer(StrictSerializer):
    """A decision about an action as somebody saw it."""

    version = WholeNumberField(min_value=0, help_text="Of the action as it was seen: 409 if it has changed since.")


class ActionRejectionSerializer(ActionDecisionSerializer):
    """That a proposal is not to be carried out."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=_MOST_REASON, default="")


class TurnSerializer(StrictSerializer):
    """Whether recovery is to act."""

    on = serializers.BooleanField()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=_MOST_REASON, default="")


class SwitchSerializer(serializers.Serializer[Any]):
    """Whether recovery acts, and who decided that."""

    on = serializers.BooleanField()
    mode = serializers.CharField(help_text="The setting `RECOVERY`: `automatic`, `suggest` or `off`.")
    who = serializers.CharField(help_text="Who turned it last; empty if nobody ever did.")
    reason = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class StrategySerializer(serializers.Serializer[Any]):
    """A strategy, and what is known of it."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # fields have one, too, that is of no use here
    reach = serializers.CharField(help_text="`harmless`, `contained` or `wide`.")
    automatic = serializers.BooleanField(help_text="Whether it acts by itself here; if not, it is proposed.")
    success_rate = serializers.FloatField(help_text="What is believed before anything was seen.")
    defaults = PlainField(help_text="Its documented parameters.")
    actions = serializers.DictField(
        child=serializers.IntegerField(), help_text="How often an action of it came to what, since ever."
    )
