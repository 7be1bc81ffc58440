"""Which queues there are: no broker says which of its keys are queues, so everybody who names one is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from celery import current_app

from monitoring.storage.names import OTHER
from monitoring.stream.heartbeats import Heartbeat

from .routing import matches

MAX_QUEUES = 500
"""Queues that are looked at; those that workers consume come first."""
_MAX_NAME = 200


class Names:
    """Queues as the current Celery app declares them."""

    def __init__(self) -> None:
        declared = list(current_app.amqp.queues.values())
        self._broadcast = {str(queue.name) for queue in declared if _is_broadcast(queue)}
        self._bindings = [
            (str(queue.routing_key or ""), str(queue.name)) for queue in declared if queue.name not in self._broadcast
        ]
        self._declared = {name for _, name in self._bindings}

    def canonical(self, recorded: str) -> str:
        """Return the queue behind what was recorded with a task, which can be the routing key it travelled by."""
        if recorded in self._declared:
            return recorded
        return next((name for bound, name in self._bindings if matches(bound, recorded)), recorded)

    def union(self, beats: Sequence[Heartbeat], known: Iterable[str], further: Iterable[str]) -> list[str]:
        """Join the names that everybody knows, in the order of how sure it is that they are queues.

        Args:
            beats: The last heartbeats of workers, which say what they consume.
            known: Names of queues that were seen before or in recorded events.
            further: Names from the settings.
        """
        consumed = (str(name) for beat in beats for name in queues_of(beat))
        found: dict[str, None] = {}
        for name in chain(consumed, self._declared_in_order(), _routed(), further, known):
            if name and name != OTHER and len(name) <= _MAX_NAME and "\0" not in name and name not in self._broadcast:
                found[name] = None
            if len(found) == MAX_QUEUES:
                break
        return list(found)

    def _declared_in_order(self) -> list[str]:
        return sorted(self._declared)


def queues_of(beat: Heartbeat) -> list[str]:
    """Return what a worker said that it consumes."""
    said = beat.state.get("queues")
    return [name for name in said if isinstance(name, str)] if isinstance(said, list) else []


def _is_broadcast(queue: Any) -> bool:
    """Whether each worker has its own copy of this queue, so that nothing ever waits in it."""
    return getattr(queue.exchange, "type", "direct") == "fanout"


def _routed() -> Iterator[str]:
    """Yield the queues that `task_routes` names; routers that are functions cannot be asked."""
    routes = current_app.conf.task_routes or []
    for one in routes if isinstance(routes, list | tuple) else [routes]:
        pairs = one.items() if isinstance(one, dict) else one if isinstance(one, list | tuple) else ()
        for pair in pairs:
            target = pair[1] if isinstance(pair, list | tuple) and len(pair) == 2 else None
            queue = target.get("queue") if isinstance(target, dict) else target
            if isinstance(queue, str):
                yield queue
            elif name := getattr(queue, "name", None):
                yield str(name)
