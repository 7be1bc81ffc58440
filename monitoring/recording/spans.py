"""The parts of traces that are kept: requests, operations and outgoing calls. Tasks are told of by their runs.

Where a trace is not kept this costs a look-up; ids are made when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter_ns, time_ns
from typing import Any

from . import request_data
from .context import Context, Inner, current, inner
from .events import UNKNOWN_DURATION, Counter, Span
from .ids import getrandbits
from .recorder import SWALLOWED, recorder

REQUEST, OPERATION, CLIENT = "request", "operation", "client"
DROPPED = "spans_dropped_total"
"""Parts of traces that were left out, as their request or task, or their minute, had too many."""
_FAILED = 500
_NOTHING: Mapping[str, Any] = {}


def request_ended(
    context: Context, at: int, duration: int, name: str, status: int, failed: bool, *, slow: bool = False
) -> None:
    """Record a request as a span, if its trace is kept, or if it failed or was slow. Never raises.

    Args:
        context: The request's.
        at: When it ended, in nanoseconds since the epoch.
        duration: Nanoseconds it took.
        name: Method and route.
        status: Of the response.
        failed: Whether it was answered with 5xx, or for an exception that nobody handled.
        slow: Whether it took longer than it may.
    """
    try:
        if not context.kept:
            if not (failed or slow):
                return
            if recorder.limiter.count(("span", name), at) > recorder.config.spans_per_minute:
                recorder.record(Counter(at, DROPPED, 1.0))
                return
        about: dict[str, Any] = {"request_id": context.request_id, "user_id": context.user_id}
        if (request := context.request) is not None:
            about |= {"method": request.method, "path": request_data.path_of(request)}
        if (over := context.spans - recorder.config.spans_per_context) > 0:
            about["dropped"] = over
        recorder.record_fact(
            Span(
                at - duration,
                duration,
                REQUEST,
                name,
                context.trace_id,
                context.span_id,
                context.parent_span_id,
                status,
                failed,
                about,
            )
        )
    except SWALLOWED:  # the response is more important than its record
        recorder.failed()


def begin() -> Inner | None:
    """Begin an operation or outgoing call of the running request or task; None where its trace is not kept.

    End what is returned with `end`, whatever happens: until then it is what other spans, and messages, come of.
    """
    try:
        context = current.get()
        if context is None or not context.kept:
            return None
        made = Inner(context, f"{getrandbits(64) or 1:016x}", inner.get())
        inner.set(made)
    except SWALLOWED:  # the monitored code must not suffer
        recorder.failed()
        return None
    return made


def end(begun: Inner | None) -> None:
    """End what `begin` began, whether or not it is to be recorded; generators may end in another order."""
    if begun is None:
        return
    here = inner.get()
    if here is begun:
        inner.set(begun.outer)
        return
    while here is not None:
        if here.outer is begun:
            here.outer = begun.outer
            return
        here = here.outer


def record(
    of: str,
    name: str,
    at: int,
    duration: int,
    *,
    failed: bool,
    begun: Inner | None = None,
    about: Mapping[str, Any] = _NOTHING,
) -> None:
    """Record what just ended as a span, if the trace of what runs is kept. Never raises.

    Args:
        of: `operation` or `client`.
        name: Its name, of which there are few.
        at: When it ended, in nanoseconds since the epoch.
        duration: Nanoseconds it took.
        failed: Whether it failed.
        begun: What `begin` returned and `end` ended, if anything.
        about: What else is known of it; the `status` of a response.
    """
    try:
        context = begun.context if begun is not None else current.get()
        if context is None or not context.kept or duration == UNKNOWN_DURATION:
            return
        context.spans += 1
        if context.spans > recorder.config.spans_per_context:
            recorder.record(Counter(at, DROPPED, 1.0))
            return
        within = begun.outer if begun is not None else inner.get()
        parent = within.span if within is not None and within.context is context else context.span_id
        span = begun.span if begun is not None else f"{getrandbits(64) or 1:016x}"
        known: dict[str, Any] = {
            "request_id": context.request_id,
            **({"task_id": context.task_id} if context.task_id else {}),
            **about,
        }
        status = known.pop("status", 0)
        event = Span(at - duration, duration, of, name, context.trace_id, span, parent, status, failed, known)
        recorder.record(event)
    except SWALLOWED:  # the monitored code must not suffer
        recorder.failed()


class Client:
    """An outgoing call that runs.

    Attributes:
        status: Of its response; set it when there is one.
    """

    __slots__ = ("status",)

    def __init__(self) -> None:
        self.status = 0


@contextmanager
def client(name: str, about: Mapping[str, Any]) -> Iterator[Client]:
    """Record what is surrounded as an outgoing call, if the trace of what runs is kept.

    Args:
        name: Method and host, or the name of a dependency.
        about: What else is known of it.
    """
    called, begun, start, failed = Client(), begin(), perf_counter_ns(), True
    try:
        yield called
        failed = called.status >= _FAILED
    finally:
        end(begun)
        duration, at = perf_counter_ns() - start, time_ns()
        record(CLIENT, name, at, duration, failed=failed, begun=begun, about={**about, "status": called.status})
