"""Grow or shrink the pool of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from monitoring.stream.heartbeats import Heartbeat

from .kind import Kind, Order, Site
from .outcomes import Outcome, RefusedError, State
from .remote import watch_for, words

_POOLS = ("prefork", "gevent", "eventlet")
_MOST = 100
_TAKEN = ("pool will grow", "pool will shrink")
# A prefork pool looks every 5 s which processes it lacks.
_SECONDS = 6.5


@dataclass(frozen=True)
class Scaling:
    """By how many processes (or greenlets) a pool changes; negative to shrink."""

    by: int


class ScalingSerializer(serializers.Serializer[Any]):
    """By how much a pool changes."""

    by = serializers.IntegerField(
        min_value=-_MOST, max_value=_MOST, help_text="How many processes more; negative for fewer."
    )

    def validate_by(self, value: int) -> int:
        """Refuse to change nothing."""
        if value == 0:
            raise serializers.ValidationError("Must not be 0.")
        return value


class Scale(Kind[Scaling]):
    """Grow or shrink the pool of a worker, until the worker restarts."""

    name = "scale"
    parameters = Scaling
    serializer = ScalingSerializer

    def capable(self, worker: Heartbeat) -> str | None:
        """Return why the pool of a worker cannot change its size, or None."""
        pool, autoscale = worker.state.get("pool"), worker.state.get("autoscale")
        if autoscale:
            return f"{worker.node} runs with --autoscale, which alone decides on the size of its pool."
        if pool not in _POOLS:
            return f"{worker.node} has a {pool} pool, whose size is fixed; {', '.join(_POOLS)} can change theirs."
        return None

    def look(self, target: str, parameters: Scaling, site: Site) -> dict[str, Any]:
        """Make sure that the pool can change, and that something is left of it."""
        self.able(target, site)
        size = _size(target, site)
        if size + parameters.by < 1:
            raise RefusedError(f"{target} has a pool of {size}; at least one must remain.")
        return {"before": size}

    def perform(self, order: Order[Scaling], site: Site) -> str:
        """Tell the worker."""
        by = order.parameters.by
        command = "pool_grow" if by > 0 else "pool_shrink"
        try:
            answer = site.remote.ask_one(order.target, command, n=abs(by))
        except RefusedError as error:
            if by > 0:
                raise
            return str(error)  # it stops at the first busy process: some may have gone before
        return words(answer)

    def verify(self, order: Order[Scaling], said: str, site: Site) -> Outcome:
        """Compare the size with what it was."""
        before, by = order.before["before"], order.parameters.by
        wanted, direction = before + by, 1 if by > 0 else -1

        def arrived() -> int | None:
            size = _size(order.target, site)
            return size if (size - wanted) * direction >= 0 else None

        after = watch_for(arrived, _SECONDS if said in _TAKEN else 0.0)
        after = _size(order.target, site) if after is None else after
        facts = {"before": before, "after": after, "answer": said}
        if after == wanted:
            return Outcome(State.DONE, f"The pool of {order.target} went from {before} to {after}.", facts)
        moved = (after - before) * direction
        if moved < 0 or moved > abs(by):
            told = f"It was {before} and was told to change by {by:+d}; others changed it meanwhile."
            state = State.DONE if moved > 0 else State.UNKNOWN
            return Outcome(state, f"The pool of {order.target} is {after} now. {told}", facts)
        if moved:
            detail = f"The pool of {order.target} went from {before} to {after} instead of {wanted}. {said}"
            return Outcome(State.DONE, detail.strip(), facts)
        if said in _TAKEN or not said:
            return Outcome(State.UNKNOWN, f"The pool of {order.target} is still {before}.", facts)
        return Outcome(State.NO_EFFECT, f"The pool of {order.target} is still {before}. {said}", facts)


def _size(node: str, site: Site) -> int:
    pool = site.remote.ask_one(node, "stats").get("pool", {})
    processes = pool.get("processes")
    return len(processes) if isinstance(processes, list) else int(pool.get("max-concurrency", 0))
