"""Whether requests may fail for a reason that is not theirs: something that they need is unhealthy, or just was."""

from __future__ import annotations

from datetime import UTC, datetime

from monitoring.component import Outage, Status
from monitoring.stream import snapshots
from monitoring.stream.connection import Client

from .snapshot import Snapshot, decode

_SOFT = frozenset({"beat", "celery", "intake"})
"""Components that answer no requests; all others, those that a team adds among them, may make requests fail."""


def read(client: Client, prefix: str) -> Outage:
    """Return what the last snapshot says; nothing is known to be wrong where there is none.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    held = snapshots.read(client, prefix)
    snapshot = decode(held.body) if held is not None else None
    return Outage() if snapshot is None else judge(snapshot)


def judge(snapshot: Snapshot) -> Outage:
    """Return what a snapshot says of the components without which requests fail."""
    hard = [known for known in snapshot.checks.values() if known.component not in _SOFT]
    unhealthy = [known for known in hard if known.status is Status.UNHEALTHY]
    recovered = max((known.recovered for known in hard), default=0.0)
    return Outage(
        unhealthy=frozenset(known.component for known in unhealthy),
        since=_time(min(known.since for known in unhealthy)) if unhealthy else None,
        recovered=_time(recovered) if recovered else None,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
