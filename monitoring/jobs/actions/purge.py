"""Throw away what waits in a queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from . import broker
from .kind import Kind, Order, Site
from .outcomes import Outcome, State, UnknownTargetError


@dataclass(frozen=True)
class Purging:
    """What whoever purges a queue says of it, so that it is the right one."""

    confirm: str
    expected: int


class PurgingSerializer(serializers.Serializer[Any]):
    """A confirmation."""

    confirm = serializers.CharField(max_length=200, help_text="Name of the queue, once more.")
    expected = serializers.IntegerField(
        min_value=0, help_text="The most messages that may be thrown away; nothing is when there are more."
    )

    def validate_confirm(self, value: str) -> str:
        """Make sure that the queue that is named twice is the same."""
        if value != self.context["target"]:
            raise serializers.ValidationError("Is not the name of this queue.")
        return value


class Purge(Kind[Purging]):
    """Throw away what waits in a queue, of all priorities. What workers hold already stays and runs."""

    name = "purge"
    parameters = Purging
    serializer = PurgingSerializer

    def look(self, target: str, parameters: Purging, site: Site) -> dict[str, Any]:
        """Make sure that the queue is known, and holds no more than is expected."""
        waiting = broker.depth(site.remote.connection, target)
        if waiting is None and target not in _known(site):
            raise UnknownTargetError(f"Nobody knows a queue {target}.")
        if (waiting or 0) > parameters.expected:
            raise broker.too_many(target, waiting or 0, parameters.expected)
        return {"waiting": waiting or 0}

    def perform(self, order: Order[Purging], site: Site) -> str:
        """Delete."""
        return str(broker.purge(site.remote.connection, order.target, order.parameters.expected))

    def verify(self, order: Order[Purging], said: str, site: Site) -> Outcome:
        """Count what is there now."""
        left = broker.depth(site.remote.connection, order.target) or 0
        if not said:
            return Outcome(State.UNKNOWN, f"{order.target} holds {left} messages now.", {"left": left})
        purged = int(said)
        facts = {"purged": purged, "left": left}
        if purged == 0:
            return Outcome(State.NO_EFFECT, f"{order.target} was empty.", facts)
        since = f"; {left} came since" if left else ""
        return Outcome(State.DONE, f"{purged} messages of {order.target} were thrown away{since}.", facts)


def _known(site: Site) -> set[str]:
    """Return the queues that the application or a worker names."""
    consumed = {str(queue) for worker in site.workers.values() for queue in worker.state.get("queues") or ()}
    return consumed | set(site.remote.app.amqp.queues)
