"""Where tasks are sent: put a stamp on each message, and count those that were published."""

from __future__ import annotations

import re
import time
from typing import Any

from monitoring.recording.context import Context, current
from monitoring.recording.events import Sent
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER

_TRACE = re.compile(r"[0-9a-f]{32}")


def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Put the time and the ids of the caller on a message; a retry keeps the time of its first sending."""
    try:
        if headers is None:
            return
        now = time.time_ns()
        context = current.get()
        if context is None:
            headers[HEADER] = f"{now};{now};{_trace_of(headers)};;;;"
            return
        headers[HEADER] = _of(context, now, headers)
    except Exception:  # the message must be sent
        recorder.failed()


def _trace_of(headers: dict[str, Any]) -> str:
    """Return the trace that tasks of a group share where nothing around them has one: no root joins them, either."""
    group = str(headers.get("group") or "").replace("-", "")
    return group if _TRACE.fullmatch(group) else ""


def _of(context: Context, now: int, headers: dict[str, Any]) -> str:
    """Return the stamp of a message that is sent by a request or task."""
    retried = context.task_id and context.task_id == headers.get("id")
    first = (context.first_sent if retried else 0) or now
    origin = context.origin if retried else context.title
    user = context.user_id.replace(";", "")
    kept = "1" if _keeps(context, now) else "0"
    return f"{now};{first};{context.trace_id};{context.request_id};{user};{kept};{origin}"


def _keeps(context: Context, now: int) -> bool:
    """Decide once whether the runs that come of a request or task are kept, all or none, so that trees are whole."""
    if context.kept is None:
        trees = recorder.limiter.count(("tree", context.title), now)
        context.keeps = trees <= recorder.config.sampled_runs_per_minute
    return bool(context.keeps)


def count(sender: str = "", routing_key: str = "", **_: Any) -> None:
    """Count a message that was published."""
    try:
        if sender not in recorder.config.ignored_tasks:
            recorder.record(Sent(time.time_ns(), str(sender), str(routing_key)))
    except Exception:  # the caller must go on
        recorder.failed()
