"""Runs of tasks: those that failed or were slow, and the sample of those that simply succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitoring.jobs.runs.models import TaskRun

from .features import of_arguments, session_of
from .judging import SESSION, Features
from .spread import evenly

SUCCEEDED = "its runs that succeeded"
MOST = 600
_AT_ONCE = 200
_SCANNED = 4
"""Where most runs fail, so many times the wanted ones are looked at to find some that did not."""
_COLUMNS = (
    "task_id", "state", "reason", "queue", "worker", "user_id", "origin", "periodic", "retries", "arguments", "ended",
)  # fmt: skip


def of_tasks(task_ids: Iterable[str], since: datetime, until: datetime, alias: str) -> list[Features]:
    """Return what is known of runs of some tasks that did not simply succeed, one of each task.

    Args:
        task_ids: Ids of the tasks.
        since: When the first of them may have ended.
        until: When the last may have.
        alias: The database.
    """
    wanted = list(dict.fromkeys(filter(None, task_ids)))[:MOST]
    found: dict[str, Features] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        rows = _within(since, until, alias).filter(task_id__in=wanted[first : first + _AT_ONCE])
        for row in rows.exclude(reason="sample").order_by().values_list(*_COLUMNS)[: MOST * 2]:
            found.setdefault(row[0], _features(row))
    return list(found.values())


def that_succeeded(name: str, since: datetime, until: datetime, alias: str) -> list[Features]:
    """Return what is known of sampled runs of a task that succeeded, evenly over a time.

    Args:
        name: Of the task.
        since: After then.
        until: Up to then.
        alias: The database.
    """

    def read(begin: datetime, end: datetime, most: int) -> list[Any]:
        rows = _within(begin, end, alias).filter(name=name, ended__gt=begin, ended__lte=end)
        return list(rows.order_by("-ended").values_list(*_COLUMNS)[:most])

    rows = evenly(read, since, until, MOST * _SCANNED)
    good = [row for row in rows if row[1] == "SUCCESS" and row[2] == "sample"]
    return [_features(row) for row in _thinned(good)]


def _thinned(rows: Sequence[Any]) -> Sequence[Any]:
    return rows[:: -(-len(rows) // MOST)] if rows else rows


def _within(since: datetime, until: datetime, alias: str) -> Any:
    """Return runs by the minutes in which they ended, which are what their table is divided by."""
    first, last = since - timedelta(minutes=1), until + timedelta(minutes=1)
    starts = {"start__gte": int(first.timestamp() // 60), "start__lte": int(last.timestamp() // 60)}
    return TaskRun.objects.using(alias).filter(**starts)


def _features(row: Any) -> Features:
    _, _, _, queue, worker, user, origin, periodic, retries, arguments, ended = row
    return {
        **of_arguments(arguments),
        "queue": queue,
        "worker": worker,
        "user": user,
        "origin": origin,
        "schedule": periodic,
        "retries": str(retries),
        SESSION: session_of(ended, user),
    }
