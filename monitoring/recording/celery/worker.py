"""A worker's main process: what it takes from queues, and what became of tasks whose own process cannot tell."""

from __future__ import annotations

import time
from typing import Any
from weakref import WeakValueDictionary

from celery.exceptions import TimeLimitExceeded, WorkerLostError

from monitoring.recording import errors, node, presence, schedule
from monitoring.recording.context import Context
from monitoring.recording.effects import leaving
from monitoring.recording.errors.capture import is_from_elsewhere
from monitoring.recording.events import UNKNOWN_DURATION, Received, Task, TaskState
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER

from . import limits, recycling, runs

_TOLD = "_enginel_told"
_taken: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""Requests by task id, as long as Celery keeps them; its own list forgets them before it tells of a failure."""


def become(sender: str = "", **_: Any) -> None:
    """Take the worker's name; its children inherit it."""
    if sender:
        node.become(str(sender))


def ready(sender: Any = None, **_: Any) -> None:
    """Begin to say that this worker lives; `sender` is its consumer."""
    try:
        from . import heartbeat  # only a worker needs what this loads

        recycling.follow(sender)
        leaving.follow(recycling.recycle)
        limits.follow(sender, heartbeat.pool_kind(sender))
        heartbeat.begin(sender)
        presence.begin()
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
        limits.adjust(request)
        if name not in recorder.config.ignored_tasks:
            recorder.record(Received(time.time_ns(), name, request.delivery_info.get("routing_key") or ""))
    except Exception:  # the worker must go on
        recorder.failed()


def killed(request: Any, exception: BaseException, state: TaskState, *, over: bool) -> None:
    """Record an execution whose process was killed, unless it is told already.

    Args:
        request: The worker's request.
        exception: `TimeLimitExceeded` or `WorkerLostError`.
        state: `FAILURE`, or `RETRY` for one that will run again.
        over: Whether this message will not be delivered again.
    """
    _lost(str(request.name), str(request.id), request._context, exception, state, over=over)


def failed(task: Any, task_id: str, exception: BaseException | None) -> None:
    """Record a failure that the main process alone knows of, such as a result that cannot be read."""
    _lost(task.name, task_id, getattr(_taken.get(task_id), "_context", None), exception, TaskState.FAILURE)


def _lost(
    name: str, task_id: str, message: Any, exception: BaseException | None, state: TaskState, *, over: bool = True
) -> None:
    if not _is_first(message):
        return
    limit = exception.args[0] if isinstance(exception, TimeLimitExceeded) and exception.args else None
    duration = int(limit * 1e9) if isinstance(limit, int | float) else UNKNOWN_DURATION
    reason = "time limit" if limit is not None else "killed" if isinstance(exception, WorkerLostError) else "failure"
    context = Context(name, None, task_id, message)
    _record(context, state, reason, exception, duration, over=over)
    if exception is not None and not is_from_elsewhere(exception):
        errors.ended_task(exception, name, context)


def revoked(request: Any = None, sender: Any = None, terminated: bool = False, expired: bool = False, **_: Any) -> None:
    """Record a task that was revoked or expired; a terminated one comes here as well."""
    try:
        if _is_first(request):
            name = sender.name if sender is not None else str(request.task)
            reason = "terminated" if terminated else "expired" if expired else "revoked"
            _record(Context(name, None, str(request.id), request), TaskState.REVOKED, reason)
    except Exception:  # the worker must go on
        recorder.failed()


def unknown(name: str = "", id: str = "", message: Any = None, **_: Any) -> None:  # noqa: A002  # Celery's name
    """Record a message for a task that this worker does not know: Celery drops it."""
    try:
        context = Context(str(name), None, str(id), _Message(message))
        _record(context, TaskState.REJECTED, "unknown task")
        errors.unregistered(str(name), context)
    except Exception:  # the worker must go on
        recorder.failed()


def rejected(message: Any = None, exc: BaseException | None = None, **_: Any) -> None:
    """Record a message that cannot be read as a task: Celery drops it."""
    try:
        headers = getattr(message, "headers", None) or {}
        name, task_id = str(headers.get("task") or "<unreadable>"), str(headers.get("id") or "")
        _record(Context(name, None, task_id, _Message(message)), TaskState.REJECTED, "unreadable", exc)
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
    context: Context,
    state: TaskState,
    reason: str,
    exception: BaseException | None = None,
    duration: int = UNKNOWN_DURATION,
    *,
    over: bool = True,
) -> None:
    """Record the end of an execution that no process of the pool tells."""
    message, name = context.message, context.name
    delivery = getattr(message, "delivery_info", None) or {}
    queue = str(delivery.get("routing_key") or "")
    named = type(exception).__name__ if exception is not None and state is TaskState.FAILURE else ""
    event = Task(time.time_ns(), duration, name, queue, state, UNKNOWN_DURATION, named, None, context.task_id or "-")
    recorder.record(event)
    context.stamp = getattr(message, HEADER, None) or ""
    runs.keep(event, context, reason, exception)
    if over:
        schedule.ended(message, state)


def _is_first(message: Any) -> bool:
    """Whether this is the first that is told of how an execution ended: Celery tells of some of them twice.

    Args:
        message: Celery's context of the execution; a message that is delivered again has one of its own.
    """
    if message is None:
        return True
    if _TOLD in vars(message):
        return False
    setattr(message, _TOLD, True)
    return True
