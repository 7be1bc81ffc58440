"""Whether the process of an execution is dead, and whether it is long done with it. Pure functions over values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.stream.heartbeats import Heartbeat

MARGIN = 2.0
"""For so many seconds what a process said may still be on its way to the stream."""
MISSED_BEATS = 10
"""A process is dead whose heartbeats are gone from Redis for so many intervals: one that lives speaks up again."""


@dataclass(frozen=True)
class View:
    """What is seen of the processes of workers.

    Attributes:
        at: When, in seconds since the epoch.
        behind: Seconds for which the oldest event has waited to be taken in.
        interval: Seconds between two heartbeats.
        instances: Heartbeats by node and instance.
    """

    at: float
    behind: float
    interval: float
    instances: Mapping[tuple[str, str], Heartbeat]

    def gone(self, process: tuple[str, str], missing_since: float | None) -> float | None:
        """Return for how many seconds a process is known to be dead, or None while it is not.

        Args:
            process: Its node and instance.
            missing_since: Since when it has no heartbeat at all, if it has none.
        """
        heartbeat = self.instances.get(process)
        if heartbeat is not None:
            return None if heartbeat.alive else heartbeat.age
        if missing_since is None:
            return None
        missing = self.at - missing_since
        return missing if missing > MISSED_BEATS * self.interval else None

    def is_dead(self, process: tuple[str, str], missing_since: float | None) -> bool:
        """Say whether a process is dead, and everything that it said has been taken in."""
        gone = self.gone(process, missing_since)
        return gone is not None and gone > self.behind + MARGIN

    def busy_with(self, process: tuple[str, str]) -> tuple[set[str], float] | None:
        """Return the ids of all tasks that a process which lives is busy with, and until when that holds.

        None where it is not known: the process is dead, lists not all of them, or intake is behind.
        """
        heartbeat = self.instances.get(process)
        if heartbeat is None or not heartbeat.alive or self.behind > MARGIN:
            return None
        active, busy = heartbeat.state.get("active"), heartbeat.state.get("busy")
        if not isinstance(active, list) or busy != len(active):
            return None
        ids = {str(one["id"]) for one in active if isinstance(one, dict) and "id" in one}
        return ids, self.at - heartbeat.age - MISSED_BEATS * self.interval
