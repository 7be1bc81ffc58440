"""Whether requests may fail for a reason that is not theirs: something that they need is unhealthy, or just was."""

from __future__ import annotations

from datetime import UTC, datetime

from monitoring.component import Outage, Status
from monitoring.conf import Config
from monitoring.stream import snapshots
from monitoring.stream.connection import Client

from .checks.dependency import Dependency
from .registry import load
from .snapshot import Snapshot, decode

_OURS = "monitoring."
_HARD = frozenset({"broker", "database", "migrations", "redis", "storage"})
"""Those of the platform's own components without which requests fail; so they do without any that a team adds."""


def read(client: Client, config: Config) -> Outage:
    """Return what the last snapshot says; nothing is known to be wrong where there is none.

    Args:
        client: Connection to Redis.
        config: This installation's settings.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    held = snapshots.read(client, config.stream_prefix)
    snapshot = decode(held.body) if held is not None else None
    return Outage() if snapshot is None else judge(snapshot, hard_components(config))


def hard_components(config: Config) -> frozenset[str]:
    """Return the components without which requests fail."""
    return frozenset(
        check.component
        for check in load(config).checks
        if check.component in _HARD or isinstance(check, Dependency) or not type(check).__module__.startswith(_OURS)
    )


def judge(snapshot: Snapshot, components: frozenset[str]) -> Outage:
    """Return what a snapshot says of the components without which requests fail."""
    hard = [known for known in snapshot.checks.values() if known.component in components]
    unhealthy = [known for known in hard if known.status is Status.UNHEALTHY]
    broken = frozenset(known.component for known in hard if known.is_broken)
    recovered = max((known.recovered for known in hard), default=0.0)
    return Outage(
        unhealthy=broken,
        since=_time(min(known.since for known in unhealthy)) if unhealthy else None,
        recovered=_time(recovered) if recovered else None,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
