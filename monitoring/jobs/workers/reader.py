"""Who works: from the heartbeats, or, while Redis is away, from what was stored of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from monitoring.conf import get_config
from monitoring.jobs import sight
from monitoring.stream.heartbeats import Heartbeat

from .models import Worker


@dataclass(frozen=True)
class WorkerView:
    """A worker as it looks now.

    Attributes:
        node: Its name.
        state: `up`, `down`, `wedged` or `left`.
        since: When it came into this state; None if nobody has seen it come.
        age: Seconds since its last heartbeat.
        said: What it said of itself then.
    """

    node: str
    state: str
    since: datetime | None
    age: float
    said: Mapping[str, Any]


def state_of(heartbeat: Heartbeat) -> Worker.State:
    """Return the state that a heartbeat alone tells."""
    if heartbeat.state.get("closing"):
        return Worker.State.LEFT
    return Worker.State.UP if heartbeat.alive else Worker.State.DOWN


def workers() -> tuple[list[WorkerView], bool]:
    """Return every worker known, by name, and whether that is stale because Redis is away."""
    stored = {row.node: row for row in Worker.objects.all()}
    try:
        seen = sight.look(get_config()).workers
    except (redis.RedisError, OSError):
        return [_from_row(row) for row in stored.values()], True
    views = [_from_heartbeat(one, stored.get(one.node)) for one in seen.values()]
    views += [_from_row(row) for node, row in stored.items() if node not in seen]
    return sorted(views, key=lambda view: view.node), False


def _from_heartbeat(heartbeat: Heartbeat, row: Worker | None) -> WorkerView:
    state = state_of(heartbeat)
    if row is not None and row.state == Worker.State.WEDGED and state is Worker.State.UP:
        state = Worker.State.WEDGED
    if row is not None and row.state == state and row.said.get("instance") == heartbeat.state.get("instance"):
        since = row.since
    else:  # the next watch will store the change
        since = datetime.now(UTC) - timedelta(seconds=heartbeat.age)
    return WorkerView(heartbeat.node, str(state), since, heartbeat.age, heartbeat.state)


def _from_row(row: Worker) -> WorkerView:
    age = (datetime.now(UTC) - row.seen).total_seconds()
    return WorkerView(row.node, row.state, row.since, max(0.0, age), row.said)
