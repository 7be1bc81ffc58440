"""Finds executions that will not end: those whose process died, those whose message is held, and those that hang.

An execution is lost when it began, its process is dead, everything the process said has been taken in, and the broker
holds no message to run it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import router
from django.db.models import Min, Q, QuerySet

from monitoring.conf import Config
from monitoring.jobs import findings, sight
from monitoring.jobs.queues import brokers

from .judge import MARGIN, View
from .lose import evidence, lose, subject
from .models import RunningTask, TaskRun

logger = logging.getLogger("monitoring.jobs")

STUCK_SECONDS = 3600.0
_ROWS = 5_000
_CHUNK = 500
_CONFIRMED_SECONDS = 2 * MARGIN

Process = tuple[str, str]
_suspected: dict[tuple[str, int], float] = {}
"""Since when a message that is acknowledged late is nowhere to be found: one that is given back is, for a moment."""


def watch(config: Config) -> None:
    """Look at what runs longer than a moment."""
    seen = sight.look(config)
    view = View(seen.at, seen.behind, config.heartbeat_interval, seen.instances)
    alive: list[Process] = []
    dead: list[RunningTask] = []
    for process, since in _missing(view).items():
        if view.is_dead(process, since):
            dead += _of(process).order_by("began")[:_ROWS]
        else:
            alive.append(process)
            _forget_done(process, view)
    for first in range(0, len(dead), _ROWS):
        _settle(dead[first : first + _ROWS])
    _stuck(alive, config, view.at)
    _release()


def _rows() -> QuerySet[RunningTask]:
    return RunningTask.objects.using(router.db_for_write(RunningTask))


def _of(process: Process) -> QuerySet[RunningTask]:
    """Return the executions of a process that began more than a moment ago."""
    began = int((time.time() - MARGIN) * 1000)
    return _rows().filter(worker=process[0], instance=process[1], began__lt=began)


def _missing(view: View) -> dict[Process, float | None]:
    """Return the processes that have executions, and since when those without a heartbeat have none.

    That is remembered in their rows: Redis may have lost the heartbeats of all who live.
    """
    found: dict[Process, float | None] = {}
    known = _rows().values_list("worker", "instance").annotate(since=Min("dead_since")).order_by()
    for worker, instance, since in known:
        process = (worker, instance)
        rows = _rows().filter(worker=worker, instance=instance)
        if process in view.instances:
            found[process] = None
            if since is not None:
                rows.update(dead_since=None)
        else:
            found[process] = view.at if since is None else since / 1000
            if since is None:
                rows.update(dead_since=int(view.at * 1000))
    return found


def _forget_done(process: Process, view: View) -> None:
    """Forget executions that a worker which lives is long done with: their ends were lost on the way, counted there."""
    known = view.busy_with(process)
    if known is not None:
        ids, until = known
        _of(process).filter(began__lt=int(until * 1000)).exclude(task_id__in=ids).delete()


def _settle(rows: Sequence[RunningTask]) -> None:
    """Decide what became of executions whose process is dead; the broker is asked once for all."""
    try:
        held, waiting = _kept_by_the_broker(rows)
    except brokers.BrokerAwayError as error:
        logger.warning("cannot tell which of %d tasks of a dead worker are lost: %s", len(rows), error)
        return
    again = _ran_again(rows)
    over, lost = [], []
    for row in rows:
        if row.task_id in again or (row.late and row.task_id in waiting):
            over.append(row)  # it runs again, or will: its message was given back
        elif row.task_id not in held and (not row.late or _is_confirmed(row)):
            lost.append(row)
    standing = set(findings.open_findings("task_held").values_list("subject", flat=True))
    for row in rows:
        if row.task_id in held and row.task_id not in again and subject(row) not in standing:
            findings.raise_finding("task_held", subject(row), evidence(row) | {"redelivery": _iso(held[row.task_id])})
    for first in range(0, len(over), _CHUNK):
        _rows().filter(pk__in=[row.pk for row in over[first : first + _CHUNK]]).delete()
    lose(lost)


def _kept_by_the_broker(rows: Sequence[RunningTask]) -> tuple[dict[str, float], set[str]]:
    """Return which tasks are held for somebody dead, and until when, and which may wait in their queues again.

    Raises:
        BrokerAwayError: Nobody can tell now.
    """
    ids = {row.task_id for row in rows}
    try:
        held = brokers.unacked_holds(ids)
        if held is None:  # such a broker gives back at once what a dead worker held
            return {}, ids
        waiting = brokers.waiting_again({(row.queue, row.task_id) for row in rows if row.task_id not in held})
    except brokers.UnsupportedBrokerError:
        return {}, ids
    return held, ids if waiting is None else waiting


def _is_confirmed(row: RunningTask) -> bool:
    """Say whether a message has been missing for so long that it cannot be on its way to another worker."""
    now = time.monotonic()
    if len(_suspected) > _ROWS:
        _suspected.clear()
    since = _suspected.setdefault((row.task_id, row.began), now)
    return now - since > _CONFIRMED_SECONDS


def _ran_again(dead: Sequence[RunningTask]) -> set[str]:
    """Return the tasks that began again elsewhere, or whose end is known from somebody else."""
    began = {row.task_id: row.began for row in dead}
    again = set()
    for first in range(0, len(dead), _CHUNK):
        ids = [row.task_id for row in dead[first : first + _CHUNK]]
        for task_id, at in _rows().filter(task_id__in=ids).values_list("task_id", "began"):
            if at > began[task_id]:
                again.add(task_id)
        for task_id, ended in TaskRun.objects.filter(task_id__in=ids).values_list("task_id", "ended"):
            if ended.timestamp() * 1000 >= began[task_id]:
                again.add(task_id)
    return again


def _stuck(alive: Sequence[Process], config: Config, now: float) -> None:
    """Raise what runs for too long in processes that live, and resolve what does so no more."""
    limits = {"*": STUCK_SECONDS} | config.stuck_task_seconds
    shortest = min(limits.values())
    processes = set(alive)
    older = _rows().filter(began__lt=int((now - shortest) * 1000), dead_since=None).order_by("began")[:_ROWS]
    stuck = {
        subject(row): row
        for row in older
        if (row.worker, row.instance) in processes and now - row.began / 1000 >= limits.get(row.name, limits["*"])
    }
    standing = set(findings.open_findings("task_stuck").values_list("subject", flat=True))
    for named in stuck.keys() - standing:
        findings.raise_finding("task_stuck", named, evidence(stuck[named]))
    for named in standing - stuck.keys():
        findings.resolve("task_stuck", named)


def _release() -> None:
    """Resolve what is held no more: its execution is gone."""
    standing = set(findings.open_findings("task_held").values_list("subject", flat=True))
    if not standing:
        return
    wanted = Q(task_id__in=[named.rpartition(" ")[0] for named in standing])
    kept = {f"{task_id} {began}" for task_id, began in _rows().filter(wanted).values_list("task_id", "began")}
    for named in standing - kept:
        findings.resolve("task_held", named)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
