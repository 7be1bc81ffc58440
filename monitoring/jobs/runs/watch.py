"""Finds executions that will not end: those whose process died, those whose message is held, and those that hang.

An execution is lost when it began, its process is dead, everything the process said has been taken in, and the broker
holds no message to run it again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connections, router, transaction

from monitoring.conf import Config
from monitoring.jobs import findings, sight
from monitoring.jobs.queues import brokers
from monitoring.jobs.sight import Sight
from monitoring.storage import partitions
from monitoring.stream.heartbeats import Heartbeat

from .models import LOST, RunningTask, TaskRun

STUCK_SECONDS = 3600.0
_MARGIN = 2.0
_MISSED_BEATS = 10
_ROWS = 5_000


def watch(config: Config) -> None:
    """Look at what runs longer than a moment."""
    now = time.time()
    rows = RunningTask.objects.using(router.db_for_write(RunningTask))
    older = list(rows.filter(began__lt=int((now - _MARGIN) * 1000)).order_by("began")[:_ROWS])
    seen = sight.look(config)
    _remember(older, seen, config)
    dead = [row for row in older if is_dead(row, seen, config)]
    if dead:
        _settle(dead)
    alive = [row for row in older if row not in dead]
    for row in alive:
        if is_absent(row, seen, config):
            _forget(row)
    _stuck(alive, config, now)
    _release()


def is_dead(row: RunningTask, seen: Sight, config: Config) -> bool:
    """Say whether the process of an execution is known to be dead, and everything it said to have been taken in.

    Args:
        row: The execution.
        seen: Who lives.
        config: This installation's settings.
    """
    gone = _seconds_gone(row, seen.at, seen.workers.get(row.worker), config)
    if gone is None:
        return False
    if row.dead_since is not None:
        gone = max(gone, seen.at - row.dead_since / 1000)
    return gone > seen.behind + _MARGIN


def _remember(rows: Sequence[RunningTask], seen: Sight, config: Config) -> None:
    """Note when a process was found dead: one that is restarted again and again tells only of the last time."""
    for row in rows:
        gone = _seconds_gone(row, seen.at, seen.workers.get(row.worker), config)
        if (gone is None) == (row.dead_since is None):
            continue
        row.dead_since = None if gone is None else int((seen.at - gone) * 1000)
        mine = RunningTask.objects.using(router.db_for_write(RunningTask)).filter(pk=row.pk)
        mine.update(dead_since=row.dead_since)


def _seconds_gone(row: RunningTask, seen_at: float, heartbeat: Heartbeat | None, config: Config) -> float | None:
    """Return for how long an execution's process is known to be dead, or None."""
    age = seen_at - row.began / 1000
    if heartbeat is None:  # nothing in a day, or Redis was flushed: then it would speak up within an interval
        return age if age > _MISSED_BEATS * config.heartbeat_interval else None
    if not heartbeat.alive:
        return min(age, heartbeat.age)
    restarted = heartbeat.state.get("started_at")
    if isinstance(restarted, int | float) and row.began / 1000 < restarted:
        return min(age, seen_at - restarted)
    return None


def is_absent(row: RunningTask, seen: Sight, config: Config) -> bool:
    """Say whether a worker that lives is long done with an execution whose end was lost on its way, counted there."""
    heartbeat = seen.workers.get(row.worker)
    if heartbeat is None or not heartbeat.alive or seen.behind > _MARGIN:
        return False
    active, busy, started = (heartbeat.state.get(key) for key in ("active", "busy", "started_at"))
    if not isinstance(active, list) or busy != len(active) or not isinstance(started, int | float):
        return False
    if row.began / 1000 < started:  # it was another process's, which died
        return False
    told = any(isinstance(one, dict) and one.get("id") == row.task_id for one in active)
    age = seen.at - row.began / 1000
    return not told and age - heartbeat.age > _MISSED_BEATS * config.heartbeat_interval


def _settle(dead: Sequence[RunningTask]) -> None:
    """Decide what became of executions whose process is dead."""
    try:
        held = brokers.unacked_holds({row.task_id for row in dead})
    except brokers.BrokerAwayError:
        return
    except brokers.UnsupportedBrokerError:
        held = None
    again = _ran_again(dead)
    waiting = set(findings.open_findings("task_held").values_list("subject", flat=True))
    for row in dead:
        subject = _subject(row)
        if held and row.task_id in held:
            findings.raise_finding("task_held", subject, _evidence(row) | {"redelivery": _iso(held[row.task_id])})
        elif (row.task_id in again) or row.late or subject in waiting:
            _forget(row)
        else:
            _lose(row)


def _ran_again(dead: Sequence[RunningTask]) -> set[str]:
    """Return the tasks that began again elsewhere, or whose end is known from somebody else."""
    began = {row.task_id: row.began for row in dead}
    again = set()
    for task_id, at in RunningTask.objects.filter(task_id__in=list(began)).values_list("task_id", "began"):
        if at > began[task_id]:
            again.add(task_id)
    for task_id, ended in TaskRun.objects.filter(task_id__in=list(began)).values_list("task_id", "ended"):
        if ended.timestamp() * 1000 >= began[task_id]:
            again.add(task_id)
    return again


def _forget(row: RunningTask) -> None:
    RunningTask.objects.using(router.db_for_write(RunningTask)).filter(pk=row.pk).delete()


def _lose(row: RunningTask) -> None:
    """Turn an execution into a lost run, once: whoever deletes its row writes the other two."""
    connection = connections[router.db_for_write(RunningTask)]
    ended = datetime.now(UTC)
    partitions.ensure(connection, TaskRun, [int(ended.timestamp() // 60)])
    with transaction.atomic(using=connection.alias):
        deleted, _ = RunningTask.objects.using(connection.alias).filter(pk=row.pk).delete()
        if deleted:
            TaskRun.objects.using(connection.alias).bulk_create([_lost_run(row, ended)])
            findings.note("task_lost", _subject(row), _evidence(row), ended)


def _lost_run(row: RunningTask, ended: datetime) -> TaskRun:
    return TaskRun(
        start=int(ended.timestamp() // 60),
        id=uuid.uuid4(),
        ended=ended,
        began=datetime.fromtimestamp(row.began / 1000, UTC),
        state=LOST,
        reason="lost",
        message="Its worker died, and no message is left to run it again.",
        service=row.service,
        name=row.name,
        queue=row.queue,
        worker=row.worker,
        task_id=row.task_id,
        trace_id=row.trace_id,
        parent_id=row.parent_id,
        root_id=row.root_id,
    )


def _stuck(alive: Sequence[RunningTask], config: Config, now: float) -> None:
    """Raise what runs for too long, and resolve what does so no more."""
    limits = {"*": STUCK_SECONDS} | config.stuck_task_seconds
    stuck = [row for row in alive if now - row.began / 1000 >= limits.get(row.name, limits["*"])]
    for row in stuck:
        findings.raise_finding("task_stuck", _subject(row), _evidence(row))
    _resolve("task_stuck", {_subject(row) for row in stuck})


def _release() -> None:
    """Resolve what is held no more: its execution is gone."""
    rows = RunningTask.objects.values_list("task_id", "began")
    if subjects := set(findings.open_findings("task_held").values_list("subject", flat=True)):
        ids = {subject.rpartition(" ")[0] for subject in subjects}
        _resolve("task_held", {f"{task_id} {began}" for task_id, began in rows.filter(task_id__in=list(ids))}, subjects)


def _resolve(kind: str, remaining: Collection[str], subjects: Collection[str] | None = None) -> None:
    if subjects is None:
        subjects = set(findings.open_findings(kind).values_list("subject", flat=True))
    for subject in subjects:
        if subject not in remaining:
            findings.resolve(kind, subject)


def _subject(row: RunningTask) -> str:
    return f"{row.task_id} {row.began}"


def _evidence(row: RunningTask) -> dict[str, Any]:
    return {
        "task": row.name,
        "task_id": row.task_id,
        "queue": row.queue,
        "worker": row.worker,
        "began": _iso(row.began / 1000),
        "trace_id": row.trace_id,
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
