"""Where tasks run: the context of each execution, how it ended, and its error."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from functools import lru_cache
from typing import Any

from celery.exceptions import Reject

from monitoring.recording import errors, messages, node, schedule
from monitoring.recording.context import Context, current
from monitoring.recording.decorators import slow_after
from monitoring.recording.events import UNKNOWN_DURATION, Slow, Started, Task, TaskState
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER

from . import runs, worker

logger = logging.getLogger("monitoring.slow")

_STATES: dict[str | None, TaskState] = {state.name: state for state in TaskState}


def start(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Begin the context of a task."""
    try:
        message = task.request  # a look-up of its own each time
        name = task.name
        context = Context(name, None, task_id, message, current.get())
        header = getattr(message, HEADER, None)
        if header is not None:
            context.stamp = header
        current.set(context)
        if _slow_after(name) is not None:
            context.start = event = Started(time.time_ns(), name, queue_of(message), task_id, task.acks_late, message)
            event.ended = message.is_eager  # it lives and dies with its caller, of whom no heartbeat tells
            recorder.record(event)
        messages.capture(task, message)
        schedule.started(message)
        context.started = time.perf_counter_ns()
    except Exception:  # the task must run
        recorder.failed()


@lru_cache(maxsize=1_000)
def _slow_after(name: str) -> int | None:
    """Return the nanoseconds from which a task counts as slow, or None for one that is not recorded."""
    return None if name in recorder.config.ignored_tasks else slow_after(name)


def end(task_id: str = "", state: str | None = None, retval: Any = None, **_: Any) -> None:
    """Record an execution that ended in this process."""
    try:
        context = current.get()
        if context is None or context.task_id != task_id:
            return
        duration = time.perf_counter_ns() - context.started
        current.set(context.previous)
        ended = _STATES.get(state, TaskState.IGNORED)
        schedule.ended(context.message, ended, duration)
        if ended is TaskState.SUCCESS:
            messages.settle(context.name, task_id)
        began = context.start
        if began is None:
            return
        if state is None and node.is_child():
            return  # a process that is told to go, by a time limit for example: the main process tells of it
        now = time.time_ns()
        exception = type(retval).__name__ if ended is TaskState.FAILURE else ""
        wait = _wait(context, began.at)
        began.ended = True
        event = Task(now, duration, began.name, began.queue, ended, wait, exception, began)
        recorder.record(event)
        slow = duration >= (_slow_after(began.name) or 0)
        if slow:
            logger.warning("slow task: %s took %.3f s", began.name, duration / 1e9)
            recorder.record_fact(Slow(now, duration, "task", began.name, context.describe()))
        runs.ended(event, context, retval, slow=slow)
    except Exception:  # the worker must go on
        recorder.failed()


def queue_of(message: Any) -> str:
    """Return the queue a message came from, by its routing key."""
    delivery = message.delivery_info
    return (delivery.get("routing_key") if delivery else None) or ""


def _wait(context: Context, began: int) -> int:
    """Nanoseconds between when the task was due and when it began; clocks may differ, so never below zero."""
    header = context.stamp
    if not header:
        return UNKNOWN_DURATION
    try:
        due = int(header[: header.index(";")])
    except (ValueError, AttributeError, TypeError):  # somebody else's: the task is recorded without its wait
        context.stamp = ""
        recorder.failed()
        return UNKNOWN_DURATION
    eta = context.message.eta
    if eta:
        eta = eta if isinstance(eta, datetime) else datetime.fromisoformat(eta)
        due = max(due, int(eta.timestamp() * 1e9))
    return max(0, began - due)


def failed(sender: Any = None, task_id: str = "", exception: BaseException | None = None, **_: Any) -> None:
    """Record the exception of a task; and the execution too, where its process was killed and cannot tell."""
    try:
        context = current.get()
        if context is None or context.task_id != task_id:
            if isinstance(exception, Reject):  # Celery tells the main process, too; the child has recorded it
                return
            if not worker.lost(sender, task_id, exception):
                return
        if exception is not None:
            recorder.record_fact(errors.capture(exception, sender.name, recorder.limiter, context))
    except Exception:  # the worker must go on
        recorder.failed()


def close(**_: Any) -> None:
    """Send what is left when the process ends."""
    recorder.close()
