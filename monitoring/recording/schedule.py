"""Runs of beat's entries: when beat published one, when it started, and how it ended.

django-celery-beat names the entry in the header `periodic_task_name`. What a beat publishes also carries which beat it
was, so that two of them can be told apart from one that was restarted.
"""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import Any

from . import node, stamp
from .events import ScheduledRun, TaskState
from .recorder import recorder

ENTRY = "periodic_task_name"
ORIGIN = "enginel_beat"
PUBLISHED, STARTED = "PUBLISHED", "STARTED"


def published(headers: dict[str, Any], queue: str = "") -> None:
    """Record that beat has published a run.

    Args:
        headers: Of the message.
        queue: Where it was sent.
    """
    entry, task_id = headers.get(ENTRY), headers.get("id")
    if not entry or not task_id or headers.get("retries"):
        return
    task = str(headers.get("task", ""))
    if _is_quiet(str(entry), task):
        return
    now = time.time_ns()
    origin = str(headers.get(ORIGIN) or headers.get("origin") or "")
    recorder.record(ScheduledRun(now, str(entry), str(task_id), task, queue, origin, "", PUBLISHED, 0, now))


def started(message: Any) -> None:
    """Record that a run starts, if the message is that of one.

    Args:
        message: Celery's request.
    """
    entry = getattr(message, ENTRY, None)
    if entry and not _is_quiet(str(entry), str(getattr(message, "task", ""))):
        _record(message, STARTED, 2 * _retries(message) + 1, 0)


def ended(message: Any, state: TaskState, duration: int | None = None) -> None:
    """Record that a run ended, if the message is that of one.

    Args:
        message: Celery's request.
        state: How it ended.
        duration: Nanoseconds it took; None for one that never started, or of which nobody knows when it did.
    """
    entry = getattr(message, ENTRY, None)
    if entry and not (state is TaskState.SUCCESS and _is_quiet(str(entry), str(getattr(message, "task", "")))):
        _record(message, state.name, 2 * _retries(message) + 2, duration)


def _is_quiet(entry: str, task: str) -> bool:
    """Whether nobody is told of what goes well: of an unwatched entry whose task is not recorded either.

    Every few seconds, the word of such a run would cost Redis more than the run.
    """
    config = recorder.config
    return task in config.ignored_tasks and any(fnmatchcase(entry, pattern) for pattern in config.schedule_unwatched)


def _record(message: Any, state: str, rank: int, duration: int | None) -> None:
    now = time.time_ns()
    event = ScheduledRun(
        now,
        str(getattr(message, ENTRY)),
        str(message.id),
        str(getattr(message, "task", "")),
        str((getattr(message, "delivery_info", None) or {}).get("routing_key") or ""),
        _origin(message),
        node.name(),
        state,
        rank,
        stamp.read(getattr(message, stamp.HEADER, None)).first,
        0 if duration is None else now - duration,
    )
    recorder.record(event)


def _retries(message: Any) -> int:
    return int(getattr(message, "retries", 0) or 0)


def _origin(message: Any) -> str:
    """Return which beat published a message; nothing for one that a person did."""
    if origin := getattr(message, ORIGIN, None):
        return str(origin)
    return str(getattr(message, "origin", None) or "") if getattr(message, "celery_beat_task", None) else ""
