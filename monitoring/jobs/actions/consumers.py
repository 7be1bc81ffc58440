"""Make a worker consume from a queue, or stop consuming from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rest_framework import serializers

from monitoring.conf import QUEUE

from .kind import Kind, Order, Site
from .outcomes import Outcome, RefusedError, State
from .remote import watch_for, words

# Under threads and greenlets a worker looks up from its broker every 2 s.
_SECONDS = 2.5


@dataclass(frozen=True)
class Consuming:
    """From which queue a worker is to consume, or no longer."""

    queue: str


class ConsumingSerializer(serializers.Serializer[Any]):
    """A queue."""

    queue = serializers.CharField(max_length=200, help_text="Name of the queue.")


class _Consumer(Kind[Consuming]):
    """What both have in common: a command, and whether the queue is to be listed afterwards."""

    parameters = Consuming
    serializer = ConsumingSerializer
    command: ClassVar[str]
    listed: ClassVar[bool]

    def look(self, target: str, parameters: Consuming, site: Site) -> dict[str, Any]:  # noqa: ARG002  # all kinds look alike
        """Note from what the worker consumes."""
        self.able(target, site)
        return {"before": _queues(target, site)}

    def perform(self, order: Order[Consuming], site: Site) -> str:
        """Tell the worker."""
        return words(site.remote.ask_one(order.target, self.command, queue=order.parameters.queue))

    def verify(self, order: Order[Consuming], said: str, site: Site) -> Outcome:
        """See whether the queue is listed, as it should be or not."""
        queue, before = order.parameters.queue, order.before["before"]
        found = watch_for(lambda: self._as_wanted(order, site), _SECONDS)
        after = _queues(order.target, site) if found is None else found
        facts = {"before": before, "after": after, "answer": said}
        verb = "consumes from" if self.listed else "does not consume from"
        if found is None:
            return Outcome(State.NO_EFFECT, f"{order.target} answered, but its queues are {_list(after)}.", facts)
        if (queue in before) == self.listed:
            return Outcome(State.NO_EFFECT, f"{order.target} {verb} {queue}, as before.", facts)
        detail = f"{order.target} {verb} {queue} until it restarts; its queues are {_list(after)}."
        return Outcome(State.DONE, detail, facts)

    def _as_wanted(self, order: Order[Consuming], site: Site) -> list[str] | None:
        queues = _queues(order.target, site)
        return queues if (order.parameters.queue in queues) == self.listed else None


class AddConsumer(_Consumer):
    """Make a worker consume from one more queue, until it restarts. On RabbitMQ a queue that is missing is made."""

    name = "add-consumer"
    command = "add_consumer"
    listed = True


class CancelConsumer(_Consumer):
    """Make a worker stop consuming from a queue, until it restarts. What it has taken already it still runs."""

    name = "cancel-consumer"
    command = "cancel_consumer"
    listed = False

    def look(self, target: str, parameters: Consuming, site: Site) -> dict[str, Any]:
        """Make sure that Enginel itself goes on, and note from what the worker consumes."""
        self.able(target, site)
        consuming = [node for node in site.alive if QUEUE in (site.workers[node].state.get("queues") or ())]
        if parameters.queue == QUEUE and consuming == [target]:
            raise RefusedError(
                f"No other worker consumes from {QUEUE}, the queue of Enginel's own tasks: nothing would be monitored."
            )
        return super().look(target, parameters, site)


def _queues(node: str, site: Site) -> list[str]:
    return sorted(str(queue["name"]) for queue in site.remote.ask_one(node, "active_queues"))


def _list(queues: list[str]) -> str:
    return ", ".join(queues) or "none"
