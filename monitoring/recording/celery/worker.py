"""A worker's main process: what it takes from queues, and what became of tasks whose own process cannot tell."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any
from weakref import WeakValueDictionary

from celery.exceptions import TimeLimitExceeded

from monitoring.recording import node, schedule
from monitoring.recording.context import Context
from monitoring.recording.events import UNKNOWN_DURATION, Received, Task, TaskState
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER

from . import runs

_MAX_SEEN = 1_000
_taken: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""Requests by task id, as long as Celery keeps them; its own list forgets them before it tells of a failure."""
_seen: OrderedDict[tuple[str, int, str], None] = OrderedDict()


def become(sender: str = "", **_: Any) -> None:
    """Take the worker's name; its children inherit it."""
    if sender:
        node.become(str(sender))


def ready(sender: Any = None, **_: Any) -> None:
    """Begin to say that this worker lives; `sender` is its consumer."""
    try:
        from . import heartbeat  # only a worker needs what this loads

        heartbeat.begin(sender)
    except Exception:  # the worker must work
        recorder.failed()


def leave(**_: Any) -> None:
    """Say that this worker leaves, and send what is left."""
    try:
        from . import heartbeat

        heartbeat.end()
    except Exception:  # the worker must end
        recorder.failed()
    recorder.close()


def received(request: Any = None, **_: Any) -> None:
    """Count a message that was taken from its queue."""
    try:
        name, _taken[request.id] = request.name, request
        if name not in recorder.config.ignored_tasks:
            recorder.record(Received(time.time_ns(), name, request.delivery_info.get("routing_key") or ""))
    except Exception:  # the worker must go on
        recorder.failed()


def lost(task: Any, task_id: str, exception: BaseException | None) -> bool:
    """Record a failure that the main process found out about: a hard time limit, a killed child.

    Returns:
        Whether it is new; Celery tells it twice.
    """
    if _is_repeated(task_id, task.request.retries or 0, "failure"):
        return False
    limit = exception.args[0] if isinstance(exception, TimeLimitExceeded) and exception.args else None
    duration = int(limit * 1e9) if isinstance(limit, int | float) else UNKNOWN_DURATION
    request = _taken.get(task_id)
    reason = "time limit" if limit is not None else "killed"
    _record(task.name, task_id, getattr(request, "_context", None), TaskState.FAILURE, reason, exception, duration)
    return True


def revoked(request: Any = None, sender: Any = None, terminated: bool = False, expired: bool = False, **_: Any) -> None:
    """Record a task that was revoked or expired; a terminated one comes here as well."""
    try:
        task_id = str(request.id)
        if not _is_repeated(task_id, 0, "revoked"):
            name = sender.name if sender is not None else str(request.task)
            reason = "terminated" if terminated else "expired" if expired else "revoked"
            _record(name, task_id, request, TaskState.REVOKED, reason)
    except Exception:  # the worker must go on
        recorder.failed()


def unknown(name: str = "", id: str = "", message: Any = None, **_: Any) -> None:  # noqa: A002  # Celery's name
    """Record a message for a task that this worker does not know: Celery drops it."""
    try:
        _record(str(name), str(id), _Message(message), TaskState.REJECTED, "unknown task")
    except Exception:  # the worker must go on
        recorder.failed()


def rejected(message: Any = None, exc: BaseException | None = None, **_: Any) -> None:
    """Record a message that cannot be read as a task: Celery drops it."""
    try:
        headers = getattr(message, "headers", None) or {}
        name, task_id = str(headers.get("task") or "<unreadable>"), str(headers.get("id") or "")
        _record(name, task_id, _Message(message), TaskState.REJECTED, "unreadable", exc)
    except Exception:  # the worker must go on
        recorder.failed()


class _Message:
    """A raw message, looked at like the request of a task."""

    def __init__(self, message: Any) -> None:
        self._headers = dict(getattr(message, "headers", None) or {})
        self.delivery_info = dict(getattr(message, "delivery_info", None) or {})

    def __getattr__(self, name: str) -> Any:
        """Return a header; None for one that it does not have, as Celery's requests do."""
        return self._headers.get(name)


def _record(
    name: str,
    task_id: str,
    message: Any,
    state: TaskState,
    reason: str,
    exception: BaseException | None = None,
    duration: int = UNKNOWN_DURATION,
) -> None:
    """Record the end of a task that no process of the pool tells."""
    delivery = getattr(message, "delivery_info", None) or {}
    queue = str(delivery.get("routing_key") or "")
    named = type(exception).__name__ if exception is not None and state is TaskState.FAILURE else ""
    event = Task(time.time_ns(), duration, name, queue, state, UNKNOWN_DURATION, named, None, task_id or "-")
    recorder.record(event)
    context = Context(name, None, task_id, message)
    context.stamp = getattr(message, HEADER, None) or ""
    runs.keep(event, context, reason, exception)
    schedule.ended(message, state)


def _is_repeated(task_id: str, retries: int, event: str) -> bool:
    """Whether this event of this execution was seen before: Celery sends some of them twice."""
    key = (task_id, retries, event)
    if key in _seen:
        return True
    _seen[key] = None
    if len(_seen) > _MAX_SEEN:
        _seen.popitem(last=False)
    return False
