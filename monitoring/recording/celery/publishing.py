"""Where tasks are sent: put a stamp on each message, and count those that were published."""

from __future__ import annotations

import re
import time
from typing import Any

from monitoring.recording import keeping, otel, w3c
from monitoring.recording.context import Context, current
from monitoring.recording.events import Sent
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER

_TRACE = re.compile(r"[0-9a-f]{32}")


def stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Put the time, the ids and the span of the caller on a message; a retry keeps those of its first sending."""
    try:
        if headers is None:
            return
        now = time.time_ns()
        context = current.get()
        if context is None:
            headers[HEADER] = f"{now};{now};{_trace_of(headers)};;;;"
            return
        retried = bool(context.task_id) and context.task_id == headers.get("id")
        headers[HEADER] = _of(context, now, retried=retried)
        _tell_parent(headers, context, retried=retried)
    except Exception:  # the message must be sent
        recorder.failed()


def _trace_of(headers: dict[str, Any]) -> str:
    """Return the trace of what nothing of ours publishes: OpenTelemetry's, or one that tasks of a group share.

    No root joins a group, either. OpenTelemetry's is told as the parent, too.
    """
    spoken = otel.current_span()
    if spoken is not None:
        headers.setdefault(w3c.HEADER, w3c.write(spoken.trace, spoken.span, sampled=spoken.sampled))
    if (told := w3c.read(headers.get(w3c.HEADER))) is not None:
        return told.trace
    group = str(headers.get("group") or "").replace("-", "")
    return group if _TRACE.fullmatch(group) else ""


def _of(context: Context, now: int, *, retried: bool) -> str:
    """Return the stamp of a message that is sent by a request or task."""
    first = (context.first_sent if retried else 0) or now
    origin = context.origin if retried else context.title
    user = context.user_id.replace(";", "")
    kept = "1" if keeping.decide(context, now) else "0"
    return f"{now};{first};{context.trace_id};{context.request_id};{user};{kept};{origin}"


def _tell_parent(headers: dict[str, Any], context: Context, *, retried: bool) -> None:
    """Say by `traceparent` what a message came of; a new try came of what the first came of.

    Where OpenTelemetry has just told of its own span, that stays: its trace must not break.
    """
    spoken, told = otel.current_span(), w3c.read(headers.get(w3c.HEADER))
    if spoken is not None and told is not None and told.span == spoken.span:
        return
    if not retried:
        headers[w3c.HEADER] = context.traceparent
    elif context.parent_span_id:
        headers[w3c.HEADER] = w3c.write(context.trace_id, context.parent_span_id, sampled=bool(context.kept))


def count(sender: str = "", routing_key: str = "", **_: Any) -> None:
    """Count a message that was published."""
    try:
        if sender not in recorder.config.ignored_tasks:
            recorder.record(Sent(time.time_ns(), str(sender), str(routing_key)))
    except Exception:  # the caller must go on
        recorder.failed()
