"""Stores what workers say of themselves, and finds those that died and those that hang."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import router

from monitoring.conf import Config
from monitoring.jobs import findings, sight
from monitoring.jobs.queues.models import QueueState
from monitoring.jobs.runs.judge import MISSED_BEATS
from monitoring.jobs.sight import Sight
from monitoring.stream import heartbeats
from monitoring.stream.heartbeats import Heartbeat

from .models import Worker
from .reader import state_of

_UPDATED = ["state", "since", "seen", "started", "finished", "progressed", "waiting", "said"]
_FOLLOWED_SECONDS = 3600.0
_FINDINGS = {"worker_down": Worker.State.DOWN, "worker_wedged": Worker.State.WEDGED}


def watch(config: Config) -> None:
    """Look at every worker that was heard of within a day."""
    now = datetime.now(UTC)
    rows = Worker.objects.using(router.db_for_write(Worker))
    stored = {row.node: row for row in rows.all()}
    depths = dict(QueueState.objects.values_list("name", "depth"))
    seen = sight.look(config)
    beats = seen.workers
    updated = [_updated(stored.get(one.node), one, depths, config, now) for one in beats.values()]
    silent = [row for node, row in stored.items() if node not in beats]
    updated += [row for row in silent if _fell_silent(row, config, now)]
    rows.bulk_create(updated, update_conflicts=True, unique_fields=["node"], update_fields=_UPDATED)
    _note_crashes(seen, now)
    _report([*updated, *(row for row in silent if row not in updated)], now)
    _clean_up(seen, config)


def _fell_silent(row: Worker, config: Config, now: datetime) -> bool:
    """Take a worker for dead whose heartbeat is gone from Redis for longer than one that lives needs to speak again."""
    silent = (now - row.seen).total_seconds() > MISSED_BEATS * config.heartbeat_interval
    if row.state in (Worker.State.LEFT, Worker.State.DOWN) or not silent:
        return False
    row.state, row.since = Worker.State.DOWN, now
    return True


def _note_crashes(seen: Sight, now: datetime) -> None:
    """Note processes that died without a goodbye and were followed by another of their name."""
    crashed = {
        f"{node} {instance}": heartbeat
        for (node, instance), heartbeat in seen.instances.items()
        if seen.workers[node].instance != instance and not heartbeat.alive and not heartbeat.state.get("closing")
    }
    if not crashed:
        return
    noted = findings.Finding.objects.filter(kind="worker_crashed", subject__in=list(crashed))
    for known in noted.values_list("subject", flat=True):
        del crashed[known]
    for subject, heartbeat in crashed.items():
        seen_last = now - timedelta(seconds=heartbeat.age)
        findings.note("worker_crashed", subject, _told(heartbeat.state, seen_last), seen_last)


def _clean_up(seen: Sight, config: Config) -> None:
    """Forget processes that others of their name have followed, once nothing can depend on them any more."""
    for (node, instance), heartbeat in seen.instances.items():
        if heartbeat.age > _FOLLOWED_SECONDS and seen.workers[node].instance != instance:
            client = sight.client_of(config.redis_url)
            heartbeats.forget(client, config.stream_prefix, "worker", node, older=_FOLLOWED_SECONDS)
            return  # one a look is enough: crash loops are slower


def _updated(
    row: Worker | None, heartbeat: Heartbeat, depths: Mapping[str, int], config: Config, now: datetime
) -> Worker:
    """Return a worker's row as it is to be stored."""
    said = heartbeat.state
    seen = now - timedelta(seconds=heartbeat.age)
    started, finished = _number(said.get("started_at")), int(_number(said.get("finished")))
    waiting = sum(depths.get(name, 0) for name in _queues(said))
    new = Worker(node=heartbeat.node, said=dict(said), seen=seen, started=started, finished=finished)
    if row is None or row.started != started or row.finished != finished or not waiting:
        new.progressed, new.waiting = now, waiting
    else:
        new.progressed, new.waiting = row.progressed, row.waiting
    state = state_of(heartbeat)
    if row is not None and row.said.get("instance") != said.get("instance"):
        row = None  # another process: it has its state since now
    stands = (now - new.progressed).total_seconds() >= config.wedged_seconds
    if state is Worker.State.UP and stands and waiting > new.waiting:
        state = Worker.State.WEDGED
    new.state = state
    new.since = row.since if row is not None and row.state == state else now
    return new


def _queues(said: Mapping[str, Any]) -> list[str]:
    names = said.get("queues")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0.0


def _report(workers: Sequence[Worker], now: datetime) -> None:
    """Raise what is wrong with workers, and resolve what is not any more."""
    for kind, state in _FINDINGS.items():
        wrong = {row.node: row for row in workers if row.state == state}
        standing = set(findings.open_findings(kind).values_list("subject", flat=True))
        for node, row in wrong.items():
            if node not in standing:
                findings.raise_finding(kind, node, _evidence(row), now)
        for node in standing - wrong.keys():
            findings.resolve(kind, node, now)


def _evidence(row: Worker) -> dict[str, Any]:
    return _told(row.said, row.seen) | {"waiting": row.waiting}


def _told(said: Mapping[str, Any], seen: datetime) -> dict[str, Any]:
    told = {key: said.get(key) for key in ("host", "pid", "pool", "queues", "busy", "prefetched", "active")}
    return told | {"last_heartbeat": seen.isoformat(timespec="seconds")}
