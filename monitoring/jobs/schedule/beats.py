"""Which beats live, and which lived at the same time. Pure functions over heartbeats.

All times are seconds by the server's clock: when a beat was born follows from its uptime, which is an age, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from monitoring.stream.heartbeats import Heartbeat

_OVERLAP_BEATS = 2
"""Heartbeats for which two beats live together before that counts: one takes over from the other in no time."""


@dataclass(frozen=True)
class Beat:
    """A beat that lives or lived.

    Attributes:
        node: Its name.
        born: Seconds ago that it started.
        seen: Seconds ago that it last said so.
        alive: Whether it lives.
        ticked: Seconds ago that its loop last ticked; None when it has not yet, or does not say.
        patience: Seconds without a tick after which its loop hangs.
        interval: Seconds between two of its heartbeats.
        left: Whether it said goodbye.
    """

    node: str
    born: float
    seen: float
    alive: bool
    ticked: float | None
    patience: float
    interval: float
    left: bool = False

    @property
    def works(self) -> bool:
        """Whether it lives and its loop ticks."""
        return self.alive and (self.ticked is None or self.ticked <= self.patience)

    def met(self, other: Beat) -> bool:
        """Whether both lived at the same time, for longer than the one takes to follow the other."""
        return min(self.born, other.born) - max(self.seen, other.seen) > _OVERLAP_BEATS * self.interval


def of(heartbeats: Sequence[Heartbeat], patience: float) -> list[Beat]:
    """Return the beats among all who sent a heartbeat.

    Args:
        heartbeats: What all said.
        patience: Seconds without a tick that are fine whatever the interval of the loop.
    """
    return [_beat(one, patience) for one in heartbeats if one.kind == "beat"]


def _beat(one: Heartbeat, patience: float) -> Beat:
    uptime, tick = _number(one.state.get("uptime")), one.state.get("last_tick")
    ticked = None if tick is None else one.age + _number(tick)
    limit = max(patience, 2 * _number(one.state.get("max_interval")))
    left = bool(one.state.get("closing"))
    return Beat(one.node, one.age + uptime, one.age, one.alive, ticked, limit, one.interval, left)


def _number(value: object) -> float:
    return max(0.0, float(value)) if isinstance(value, int | float) else 0.0


def doubled(beats: Sequence[Beat]) -> list[str]:
    """Return the names of beats that live together now; none when there is only one."""
    living = [beat for beat in beats if beat.alive]
    together = {node for one, two in combinations(living, 2) if one.met(two) for node in (one.node, two.node)}
    return sorted(together)


def together(beats: Sequence[Beat], first: str, second: str) -> bool:
    """Whether two beats lived at the same time; those of which nothing is known did not."""
    known = {beat.node: beat for beat in beats}
    return first in known and second in known and known[first].met(known[second])
