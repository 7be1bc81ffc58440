"""How blocks are shown, and what may be asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.access.fields import WholeNumberField
from monitoring.access.strict import StrictSerializer
from monitoring.protection.blocks.models import MAX_REASON, Block, BlockOrigin, BlockState, Crossed, Withheld
from monitoring.protection.fields import NetworkField

from .acts import longest

_FIELDS = [
    "id",
    "network",
    "state",
    "origin",
    "crossed",
    "withheld",
    "reason",
    "route",
    "count",
    "window",
    "level",
    "started",
    "expires",
    "ended",
    "ended_by",
    "created_by",
    "addresses",
]


class BlockSerializer(serializers.ModelSerializer[Block]):
    """A client that is refused, or one that would have been."""

    state = serializers.SerializerMethodField(help_text="`withheld`: it was never refused.")
    crossed = serializers.ChoiceField(
        choices=Crossed.choices, allow_blank=True, help_text="Which limit; empty where a person or a rule decided."
    )
    withheld = serializers.ChoiceField(choices=Withheld.choices, allow_blank=True, help_text="Why it was not refused.")
    window = serializers.IntegerField(help_text="Seconds within which the `count` errors were.")
    level = serializers.IntegerField(help_text="How many blocks came before it, one after another.")
    addresses = serializers.ListField(child=serializers.CharField(), help_text="Whence the errors came.")

    class Meta:
        model = Block
        fields = _FIELDS
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=BlockState.choices))
    def get_state(self, row: Block) -> str:
        """Return what is true of it now."""
        return row.state(datetime.now(UTC)).value


class BlockDetailSerializer(BlockSerializer):
    """A block, with what it comes from."""

    evidence = serializers.DictField(help_text="`samples` of its errors, and its `routes`.")

    class Meta(BlockSerializer.Meta):
        fields = [*_FIELDS, "evidence"]
        read_only_fields = fields


class BlockFilterSerializer(serializers.Serializer[Any]):
    """Which blocks."""

    state = serializers.ChoiceField(choices=BlockState.choices, required=False)
    origin = serializers.ChoiceField(choices=BlockOrigin.choices, required=False)
    network = NetworkField(required=False, help_text="Those that refuse this address, or all of this network.")


class NewBlockSerializer(StrictSerializer):
    """A network that is to be blocked."""

    network = NetworkField(help_text="Whose requests are to be refused; an address of IPv6 stands for its /64.")
    seconds = WholeNumberField(
        min_value=1, required=False, help_text="For how long; as long as `IP_BLOCK_DURATION_SECONDS` unless given."
    )
    reason = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True, help_text="Why, in words.")

    def validate_seconds(self, value: int) -> int:
        """Refuse what would never end."""
        if value > longest():
            raise serializers.ValidationError(
                f"A block lasts {longest()} seconds at most: MONITORING['BLOCK_MAX_SECONDS'] says so."
            )
        return value


class UnblockSerializer(StrictSerializer):
    """Whom to unblock."""

    network = NetworkField(help_text="An address or a network: every block that refuses somebody of it is ended.")


class UnblockedSerializer(serializers.Serializer[Any]):
    """What was unblocked."""

    unblocked = serializers.ListField(
        child=serializers.CharField(), help_text="The networks whose blocks were ended; empty where there were none."
    )
