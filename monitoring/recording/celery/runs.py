"""Which runs are kept with all that is known of them: every one that did not simply succeed, and a sample of those."""

from __future__ import annotations

import os
from typing import Any

from celery import current_task

from monitoring.recording import arguments, node
from monitoring.recording.context import Context
from monitoring.recording.events import MAX_TASK_ID, UNKNOWN_DURATION, Run, Task, TaskState
from monitoring.recording.recorder import Policy, recorder
from monitoring.recording.stamp import Stamp, read

_CHILDREN = 10
"""Of a tree that is kept, so many times as many runs of one task are kept as of one that stands alone."""
_MAX_ARGUMENTS = 1_000


def ended(event: Task, context: Context, returned: Any, policy: Policy, *, slow: bool) -> None:
    """Keep a run that ended in this process, if it is to be kept.

    Args:
        event: How it ended.
        context: Its surroundings.
        returned: What it returned, or the exception it ended with.
        policy: What is done about its task.
        slow: Whether it took too long.
    """
    if event.state is TaskState.SUCCESS and not slow:
        if _sampled(event, context, policy):
            recorder.record(_run(event, context, "sample", None))
        return
    reason = "slow" if event.state is TaskState.SUCCESS else event.state.name.lower()
    keep(event, context, reason, returned if isinstance(returned, BaseException) else None)


def keep(event: Task, context: Context, reason: str, exception: BaseException | None) -> None:
    """Keep a run, unless this minute has had too many of its task."""
    if recorder.limiter.count(("run", event.name), event.at) <= recorder.config.runs_per_minute:
        recorder.record_fact(_run(event, context, reason, exception))


def _sampled(event: Task, context: Context, policy: Policy) -> bool:
    """Decide whether a success is kept: as its tree is; one that stands alone, and a rare one, within the limit."""
    minute = event.at // 60_000_000_000
    if policy.minute != minute:
        policy.minute, policy.alone, policy.in_trees = minute, 0, 0
    limit, kept = recorder.config.sampled_runs_per_minute, context.kept
    if kept:
        policy.in_trees += 1
        return policy.in_trees <= limit * _CHILDREN
    policy.alone += 1
    return policy.alone <= (limit if kept is None else 1)


def _run(event: Task, context: Context, reason: str, exception: BaseException | None) -> Run:
    """Put together what is known of a run."""
    message = context.message
    stamp: Stamp = read(context.stamp)
    cause = getattr(exception, "exc", None) or exception  # a retry holds what it is retried for
    values = {
        "id": context.task_id[:MAX_TASK_ID],
        "name": event.name,
        "state": event.state.name,
        "reason": reason,
        "queue": event.queue,
        "worker": node.name(),
        "pid": os.getpid(),
        "began": event.start.at // 1_000_000 if event.start is not None else None,
        "duration": None if event.duration == UNKNOWN_DURATION else event.duration / 1e9,
        "wait": None if event.wait == UNKNOWN_DURATION else event.wait / 1e9,
        "retries": _number(getattr(message, "retries", 0)),
        "exception": type(cause).__name__ if isinstance(cause, BaseException) else "",
        "message": _text(cause),
        "parent": _id(message, "parent_id"),
        "root": _id(message, "root_id"),
        "group": _id(message, "group"),
        "trace": context.trace_id,
        "span": context.span_id,
        "parent_span": context.parent_span_id,
        "request": context.request_id,
        "user": context.user_id,
        "origin": stamp.origin,
        "periodic": _id(message, "periodic_task_name"),
        "arguments": _arguments(message) if recorder.config.run_arguments else "",
    }
    return Run(event.at, values)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _id(message: Any, name: str) -> str:
    value = getattr(message, name, None)
    return str(value)[:MAX_TASK_ID] if value else ""


def _text(exception: Any) -> str:
    """Return an exception's message; a broken `__str__` costs the message, not the run."""
    try:
        return str(exception)[:_MAX_ARGUMENTS] if exception is not None else ""
    except Exception:
        return "<unprintable>"


def _arguments(message: Any) -> str:
    """Return the arguments as scrubbed, bounded text."""
    function = getattr(current_task, "run", None)
    shown = arguments.shown(function, getattr(message, "args", None), getattr(message, "kwargs", None))
    return ", ".join(f"{name}={value!r}" for name, value in shown.items())[:_MAX_ARGUMENTS]
