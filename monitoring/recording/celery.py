"""Celery hooks: stamp what is published, record what ran. Connect them with `connect()`, once a process.

A message carries no sent time of its own, so publishing stamps one, with the ids of the request or task around it, in
the header `enginel`: `sent;first sent;trace;request;user`, times in nanoseconds since the epoch.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from datetime import datetime
from functools import lru_cache
from typing import Any

from celery import signals
from celery.exceptions import TimeLimitExceeded

from . import errors
from .context import Context, current
from .decorators import slow_after
from .events import UNKNOWN_DURATION, Slow, Task, TaskState
from .recorder import recorder

logger = logging.getLogger("monitoring.slow")

HEADER = "enginel"
_STATES: dict[str | None, TaskState] = {state.name: state for state in TaskState}
_MAX_SEEN = 1_000
_seen: OrderedDict[tuple[str, int, str], None] = OrderedDict()


def connect() -> None:
    """Listen to Celery's signals in this process, unless recording is off."""
    if not recorder.enabled:
        return
    signals.before_task_publish.connect(_stamp, weak=False, dispatch_uid="enginel")
    signals.task_prerun.connect(_start, weak=False, dispatch_uid="enginel")
    signals.task_postrun.connect(_end, weak=False, dispatch_uid="enginel")
    signals.task_failure.connect(_failed, weak=False, dispatch_uid="enginel")
    signals.task_revoked.connect(_revoked, weak=False, dispatch_uid="enginel")
    signals.worker_process_shutdown.connect(_close, weak=False, dispatch_uid="enginel")
    signals.worker_shutdown.connect(_close, weak=False, dispatch_uid="enginel")


def _stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Put the time and the ids of the caller on a message; a retry keeps the time of its first sending."""
    try:
        if headers is None:
            return
        now = time.time_ns()
        context = current.get()
        if context is None:
            headers[HEADER] = f"{now};{now};;;"
            return
        retried = context.task_id and context.task_id == headers.get("id")
        first = (context.first_sent if retried else 0) or now
        headers[HEADER] = f"{now};{first};{context.trace_id};{context.request_id};{context.user_id}"
    except Exception:  # the message must be sent
        recorder.failed()


def _start(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Begin the context of a task."""
    try:
        message = task.request  # a look-up of its own each time
        context = Context(task.name, None, task_id, message, current.get())
        stamp = getattr(message, HEADER, None)
        if isinstance(stamp, str):
            _read_stamp(context, stamp)
        current.set(context)
        context.started = time.perf_counter_ns()
    except Exception:  # the task must run
        recorder.failed()


def _read_stamp(context: Context, stamp: str) -> None:
    try:
        sent, first, trace, request, user = stamp.split(";", 4)
        context.sent, context.first_sent = int(sent), int(first)
    except ValueError:  # a stamp of somebody else's: the task is recorded without its wait
        recorder.failed()
        return
    if trace:
        context.inherit(trace, request, user)


@lru_cache(maxsize=1_000)
def _slow_after(name: str) -> int | None:
    """Return the nanoseconds from which a task counts as slow, or None for one that is not recorded."""
    return None if name in recorder.config.ignored_tasks else slow_after(name)


def _end(task_id: str = "", task: Any = None, state: str | None = None, **_: Any) -> None:
    """Record an execution that ended in this process."""
    try:
        context = current.get()
        if context is None or context.task_id != task_id:
            return
        duration = time.perf_counter_ns() - context.started
        current.set(context.previous)
        name = task.name
        slow = _slow_after(name)
        if slow is None:
            return
        now, message = time.time_ns(), context.message
        ended = _STATES.get(state, TaskState.IGNORED)
        recorder.record(Task(now, duration, name, _queue(message), ended, _wait(context, message, now - duration)))
        if duration >= slow:
            logger.warning("slow task: %s took %.3f s", name, duration / 1e9)
            recorder.record_fact(Slow(now, duration, "task", name, context.describe()))
    except Exception:  # the worker must go on
        recorder.failed()


def _queue(message: Any) -> str:
    delivery = message.delivery_info
    return (delivery.get("routing_key") if delivery else None) or ""


def _wait(context: Context, message: Any, started: int) -> int:
    """Nanoseconds between when the task was due and when it started; clocks may differ, so never below zero."""
    if not context.sent:
        return UNKNOWN_DURATION
    due = context.sent
    if message.eta:
        eta = message.eta if isinstance(message.eta, datetime) else datetime.fromisoformat(message.eta)
        due = max(due, int(eta.timestamp() * 1e9))
    return max(0, started - due)


def _failed(sender: Any = None, task_id: str = "", exception: BaseException | None = None, **_: Any) -> None:
    """Record the exception of a task; and the execution too, where its process was killed and cannot tell."""
    try:
        context = current.get()
        if context is None or context.task_id != task_id:
            _record_lost_execution(sender, task_id, exception)
        if exception is not None:
            recorder.record_fact(errors.capture(exception, sender.name, recorder.limiter, context))
    except Exception:  # the worker must go on
        recorder.failed()


def _record_lost_execution(task: Any, task_id: str, exception: BaseException | None) -> None:
    """Record a failure that the worker's main process found out about: a hard time limit, a killed child."""
    if _is_repeated(task_id, task.request.retries or 0, "failure"):
        return
    limit = exception.args[0] if isinstance(exception, TimeLimitExceeded) and exception.args else None
    duration = int(limit * 1e9) if isinstance(limit, int | float) else UNKNOWN_DURATION
    recorder.record(Task(time.time_ns(), duration, task.name, "", TaskState.FAILURE, UNKNOWN_DURATION))


def _revoked(request: Any = None, sender: Any = None, **_: Any) -> None:
    """Record a task that was revoked or expired; a terminated one comes here as well."""
    try:
        if not _is_repeated(str(request.id), 0, "revoked"):
            name = sender.name if sender is not None else str(request.task)
            event = Task(time.time_ns(), UNKNOWN_DURATION, name, "", TaskState.REVOKED, UNKNOWN_DURATION)
            recorder.record(event)
    except Exception:  # the worker must go on
        recorder.failed()


def _is_repeated(task_id: str, retries: int, event: str) -> bool:
    """Whether this event of this execution was seen before: Celery sends some of them twice."""
    key = (task_id, retries, event)
    if key in _seen:
        return True
    _seen[key] = None
    if len(_seen) > _MAX_SEEN:
        _seen.popitem(last=False)
    return False


def _close(**_: Any) -> None:
    recorder.close()
