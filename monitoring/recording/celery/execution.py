"""Where tasks run: the context of each execution, how it ended, and its error."""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from datetime import datetime
from typing import Any

from celery.exceptions import Reject

from monitoring.recording import errors, messages, node, schedule
from monitoring.recording.context import Context, current
from monitoring.recording.decorators import slow_after
from monitoring.recording.events import UNKNOWN_DURATION, Slow, Started, Task, TaskState
from monitoring.recording.recorder import Policy, recorder
from monitoring.recording.stamp import HEADER

from . import kills, runs, worker

logger = logging.getLogger("monitoring.slow")

_GREENLETS = frozenset({"gevent", "greenlet", "eventlet"})
_broken: deque[str] = deque(maxlen=100)
"""Tasks whose end could not be handled, the latest."""
_WRAPPER = "UnpickleableExceptionWrapper"
_STATES: dict[str | None, TaskState] = {state.name: state for state in TaskState}


def start(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Begin the context of a task."""
    try:
        message = task.request  # a look-up of its own each time
        name = task.name
        context = Context(name, None, task_id, message, current.get())
        values = message.__dict__  # asking the message itself costs five times as much
        context.stamp = values.get(HEADER) or ""
        current.set(context)
        policy = recorder.policies.get(name) or _policy(name)
        if policy.recorded:
            context.start = event = Started(time.time_ns(), name, queue_of(message), task_id, task.acks_late, message)
            event.ended = message.is_eager  # it lives and dies with its caller, of whom no heartbeat tells
            recorder.record(event)
        if policy.captured:
            messages.capture(task, message)
        if schedule.ENTRY in values:
            schedule.started(message)
        context.started = time.perf_counter_ns()
    except Exception:  # the task must run
        recorder.failed()


def _policy(name: str) -> Policy:
    """Find out once for each task what is to be done about it."""
    recorded = name not in recorder.config.ignored_tasks
    found = recorder.policies[name] = Policy(recorded, slow_after(name), messages.is_captured(name))
    return found


def end(task_id: str = "", state: str | None = None, retval: Any = None, **_: Any) -> None:
    """Record an execution that ended in this process."""
    try:
        context = current.get()
        if context is None or context.task_id != task_id:
            return
        duration = time.perf_counter_ns() - context.started
        current.set(context.previous)
        if state is None and _is_ended_from_outside():
            return
        ended = _STATES.get(state, TaskState.IGNORED)
        if schedule.ENTRY in context.message.__dict__:
            schedule.ended(context.message, ended, duration)
        policy = recorder.policies.get(context.name) or _policy(context.name)
        if policy.captured and ended is TaskState.SUCCESS:
            messages.settle(context.name, task_id)
        began = context.start
        if began is None:
            return
        now = time.time_ns()
        exception = type(retval).__name__ if ended is TaskState.FAILURE else ""
        wait = _wait(context, began.at)
        began.ended = True
        event = Task(now, duration, began.name, began.queue, ended, wait, exception, began)
        recorder.record(event)
        slow = duration >= policy.slow
        if slow:
            logger.warning("slow task: %s took %.3f s", began.name, duration / 1e9)
            recorder.record_fact(Slow(now, duration, "task", began.name, context.describe()))
        runs.ended(event, context, retval, policy, slow=slow)
    except Exception:  # the worker must go on
        recorder.failed()


def _is_ended_from_outside() -> bool:
    """Whether a process or greenlet is told to go, by a time limit for example: who told it tells of it."""
    ending = type(sys.exception()).__module__.partition(".")[0]
    return node.is_child() or ending in _GREENLETS


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
    """Record the exception of a task; and the execution too, where its own process cannot tell."""
    try:
        context = current.get()
        if context is None or context.task_id != task_id:
            # Celery tells the main process of a rejection, too; the child has recorded it.
            if not kills.failed(exception) and not isinstance(exception, Reject):
                worker.failed(sender, task_id, exception)
        elif exception is not None:
            if type(exception).__name__ == _WRAPPER:  # what cannot be pickled; what it stands for is being handled
                exception = sys.exception() or exception
            expected = isinstance(exception, tuple(getattr(sender, "throws", None) or ()))
            queue = queue_of(context.message)
            errors.ended_task(exception, sender.name, context, expected=expected, queue=queue)
    except Exception:  # the worker must go on
        recorder.failed()


def broken(sender: Any = None, task_id: str = "", request: Any = None, einfo: Any = None, **_: Any) -> None:
    """Record what went wrong where Celery handled how a task ended: its `on_failure`, or the storing of its result.

    The exception that the task had ended with comes along, as its context. Celery tries once more to handle it, and
    tells of that as well.
    """
    try:
        exception = sys.exception() or getattr(einfo, "exception", None)
        if isinstance(exception, BaseException) and task_id not in _broken:
            _broken.append(task_id)
            context = Context(sender.name, None, task_id)
            context.stamp = (request.get(HEADER) if isinstance(request, dict) else None) or ""
            errors.ended_task(exception, sender.name, context)
    except Exception:  # the worker must go on
        recorder.failed()


def close(**_: Any) -> None:
    """Send what is left when the process ends."""
    recorder.close()
