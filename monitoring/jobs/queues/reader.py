"""Reading queues: the stored sample, or one taken now when nobody samples, and the history of one queue."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from monitoring.conf import Config, get_config
from monitoring.storage.names import Name

from . import sample
from .brokers import BrokerAwayError, UnsupportedBrokerError
from .models import NAME_KIND, QueueMinute, QueueState
from .naming import Names
from .rates import Flow

_WAIT = 1.0


@dataclass(frozen=True)
class Latest:
    """All queues, as they are known best.

    Attributes:
        states: Their rows, by name.
        broker: Kind of the broker; empty when it was never reached.
        supported: Whether queues of this kind of broker can be looked into.
        stale: Whether the rows are older than they should be, because the broker is away.
    """

    states: list[QueueState]
    broker: str = ""
    supported: bool = True
    stale: bool = False


@dataclass
class _Flight:
    """The last sample this process took by itself, for which installation and when."""

    lock: threading.Lock
    prefix: str = ""
    until: float = 0.0
    latest: Latest | None = None


_flight = _Flight(threading.Lock())


def latest() -> Latest:
    """Return the stored sample, or one taken now when it is older than two intervals.

    Of many callers in a process one takes the sample, for all of them and for one interval; so does its failing.
    """
    states = list(QueueState.objects.order_by("name"))
    if states and is_fresh(max(states, key=lambda state: state.at)):
        return Latest(states, states[0].broker)
    config = get_config()
    if not _flight.lock.acquire(timeout=_WAIT):
        return _stored(states)
    try:
        if _flight.latest is None or _flight.prefix != config.stream_prefix or time.monotonic() >= _flight.until:
            _flight.latest = _live(config, states)
            _flight.prefix, _flight.until = config.stream_prefix, time.monotonic() + config.watch_interval
        return _flight.latest
    finally:
        _flight.lock.release()


def is_fresh(state: QueueState) -> bool:
    """Say whether a row is of the last two intervals."""
    return datetime.now(UTC) - state.at < timedelta(seconds=2 * get_config().watch_interval)


def _stored(states: list[QueueState]) -> Latest:
    return Latest(states, states[0].broker if states else "", stale=True)


def _live(config: Config, states: list[QueueState]) -> Latest:
    """Take a sample now; it is not stored, since nobody relies on it but who asks."""
    try:
        taken = sample.take(config)
    except UnsupportedBrokerError as error:
        return Latest([], str(error), supported=False)
    except (BrokerAwayError, redis.RedisError):
        return _stored(states)
    return Latest(sorted(taken.states, key=lambda state: state.name), taken.broker)


def one(name: str) -> tuple[QueueState | None, Latest]:
    """Return a queue's row, or None for one that nobody knows, with what it was found among."""
    found = latest()
    return next((state for state in found.states if state.name == name), None), found


def history(name: str, minutes: int) -> list[dict[str, Any]]:
    """Return what a queue was like minute by minute, the oldest first; minutes of which nothing is known are left out.

    Args:
        name: Name of the queue.
        minutes: How far back.
    """
    since = int(time.time() // 60) - minutes + 1
    flows = sample.recorded(Names(), since, {name}).get(name, {})
    ids = Name.objects.filter(kind=NAME_KIND, name=name).values("pk")
    rows = QueueMinute.objects.filter(start__gte=since, name_id__in=ids)
    sampled = {row[0]: row[1:] for row in rows.values_list("start", "max_depth", "max_age")}
    found = []
    for start in sorted({*flows, *sampled}):
        depth, age = sampled.get(start, (None, None))
        flow = flows.get(start, Flow())
        found.append(
            {
                "minute": datetime.fromtimestamp(start * 60, UTC),
                "max_depth": depth,
                "max_age": age,
                "sent": flow.sent,
                "received": flow.received,
            }
        )
    return found
