"""Turn buffered measures into the columnar segments of a payload. Runs on the flusher's thread."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from typing import Any

from monitoring.conf import get_config

from . import instance, node, scrub, w3c
from .events import (
    MAX_DURATION,
    MAX_TASK_ID,
    UNKNOWN_DURATION,
    Call,
    Counter,
    Event,
    Gauge,
    Occurrence,
    Operation,
    Received,
    Request,
    Sent,
    ServerError,
    Started,
    Task,
    Tried,
    Visit,
)
from .raised import describe
from .stamp import HEADER, span_of
from .stamp import read as read_stamp
from .wire import Column, Segment, column, name, texts

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_MAX_TIME = 2**32 - 1
_LOW = 2**64 - 1
_BYTE = 0xFF


Notes = Tally[str]
"""How much was clamped, by what: reported with the batch."""


class Names:
    """The dictionary of a segment: each distinct name once."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.list: list[str] = []
        self._index: dict[Any, int] = {}

    def index(self, key: Any, make: Callable[[Any], str] = str) -> int:
        """Return the position of a name, made from `key` when it is seen for the first time."""
        position = self._index.get(key)
        if position is None:
            position = self._index[key] = len(self.list)
            full = make(key)
            bounded = name(full)
            self.notes["names_clamped"] += bounded != full
            self.list.append(bounded)
        return position


def _times(events: Sequence[Event], base: int, notes: Notes) -> Column:
    """Milliseconds since the batch's base; what lies before it is clamped."""
    times = [(event.at - base) // _NANOSECONDS_PER_MILLISECOND for event in events]
    if min(times, default=0) < 0 or max(times, default=0) > _MAX_TIME:
        notes["times_clamped"] += sum(not 0 <= at <= _MAX_TIME for at in times)
        times = [min(max(0, at), _MAX_TIME) for at in times]
    return column("I", times)


def _durations(values: Sequence[Any], notes: Notes) -> Column:
    """Nanoseconds, within bounds; what is not a number counts as unknown."""
    try:
        return column("Q", [v if 0 <= v <= MAX_DURATION else clamp(v, notes) for v in values])
    except (TypeError, ValueError, OverflowError):
        return column("Q", [clamp(v, notes) for v in values])


def clamp(value: Any, notes: Notes) -> int:
    """Bring a duration into bounds, counted; what is no number is unknown."""
    if value == UNKNOWN_DURATION:
        return UNKNOWN_DURATION
    try:
        bounded = min(max(0, int(value)), MAX_DURATION)
    except (TypeError, ValueError, OverflowError):
        bounded = UNKNOWN_DURATION
    notes["durations_clamped"] += bounded != value
    return bounded


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _request_name(key: tuple[str, str]) -> str:
    return f"{key[0]} {key[1]}"


def requests(events: Sequence[Request], base: int, notes: Notes) -> Segment:
    """Encode requests."""
    names = Names(notes)
    index = [names.index((e.method, e.route), _request_name) for e in events]
    columns = {
        "name": column("I", index),
        "at": _times(events, base, notes),
        "duration": _durations([e.duration for e in events], notes),
        "status": column("H", [e.status if 0 <= e.status < 1000 else 0 for e in events]),
    }
    only = [e.only for e in events]
    if any(only):
        columns["only"] = column("B", only)
    return Segment("request", len(events), names.list, columns)


def operations(events: Sequence[Operation], base: int, notes: Notes) -> Segment:
    """Encode operations."""
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.name) for e in events]),
        "at": _times(events, base, notes),
        "duration": _durations([e.duration for e in events], notes),
        "failed": column("B", [bool(e.failed) for e in events]),
    }
    return Segment("operation", len(events), names.list, columns)


def _of_task(events: Sequence[Sent | Received | Started | Task], names: Names, base: int) -> dict[str, Column]:
    """Return the columns that all events of tasks have; who recorded them is the same for all."""
    recorded_by = names.index(node.name()) if events else 0
    return {
        "name": column("I", [names.index(e.name) for e in events]),
        "queue": column("I", [names.index(e.queue) for e in events]),
        "worker": column("I", [recorded_by] * len(events)),
        "at": _times(events, base, names.notes),
    }


def sent(events: Sequence[Sent], base: int, notes: Notes) -> Segment:
    """Encode messages that were published."""
    names = Names(notes)
    return Segment("sent", len(events), names.list, _of_task(events, names, base))


def received(events: Sequence[Received], base: int, notes: Notes) -> Segment:
    """Encode messages that a worker took."""
    names = Names(notes)
    return Segment("received", len(events), names.list, _of_task(events, names, base))


def started(events: Sequence[Started], base: int, notes: Notes) -> Segment:
    """Encode executions that began and, as far as is known, have not ended."""
    names = Names(notes)
    columns = _of_task(events, names, base)
    columns["late"] = column("B", [e.late for e in events])
    columns["id"] = texts([_open(e) for e in events])
    columns["family"] = texts([_family(e) for e in events])
    return Segment("started", len(events), names.list, columns)


def _open(event: Started) -> str:
    """Return what an execution is known by, and remember that its end has to say so."""
    event.open = True
    return execution(event)


def _family(event: Started) -> str:
    """Return what an open execution belongs to, one after the other.

    These are its trace, parent, root, and process; its span and the one that it came of.
    """
    message = event.message
    trace, came = read_stamp(getattr(message, HEADER, None)).trace, w3c.read(getattr(message, w3c.HEADER, None))
    above = came.span if came is not None and trace in ("", came.trace) else ""
    trace = trace or (came.trace if came is not None else "")
    spans = (span_of(event.task_id, message), above)
    ids = (trace, *_kin(message), node.instance(), *spans)
    return " ".join(str(one or "-")[:60].replace(" ", "") for one in ids)


def _kin(message: Any) -> tuple[Any, Any]:
    return getattr(message, "parent_id", None), getattr(message, "root_id", None)


def execution(event: Started) -> str:
    """Return what an execution is known by: the millisecond at which it began, and the task's id."""
    return f"{event.at // _NANOSECONDS_PER_MILLISECOND} {event.task_id[:MAX_TASK_ID]}"


def tasks(events: Sequence[Task], base: int, notes: Notes) -> Segment:
    """Encode executions that ended."""
    names = Names(notes)
    columns = _of_task(events, names, base) | {
        "exception": column("I", [names.index(e.exception) for e in events]),
        "duration": _durations([e.duration for e in events], notes),
        "wait": _durations([e.wait for e in events], notes),
        "state": column("B", [e.state for e in events]),
        "id": texts([_ended(e) for e in events]),
    }
    return Segment("task", len(events), names.list, columns)


def _ended(event: Task) -> str:
    """Return which open execution ended, if it is known as one."""
    if event.start is None:
        return f"- {event.task_id[:MAX_TASK_ID]}" if event.task_id else ""
    return execution(event.start) if event.start.open else ""


def _values(kind: str, events: Sequence[Counter] | Sequence[Gauge], base: int, notes: Notes) -> Segment:
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.name) for e in events]),
        "at": _times(events, base, notes),
        "value": column("d", [_number(e.value) for e in events]),
    }
    return Segment(kind, len(events), names.list, columns)


def counters(events: Sequence[Counter], base: int, notes: Notes) -> Segment:
    """Encode increments of counters."""
    return _values("counter", events, base, notes)


def gauges(events: Sequence[Gauge], base: int, notes: Notes) -> Segment:
    """Encode values of gauges."""
    return _values("gauge", events, base, notes)


def occurrences(events: Sequence[Occurrence], base: int, notes: Notes) -> Segment:
    """Encode repetitions of errors."""
    names, release = Names(notes), get_config().release
    columns = {
        "name": column("I", [names.index(e.name, scrub.text) for e in events]),
        "key": column("I", [names.index(("key", e.key), lambda key: describe.fingerprint_of(key[1])) for e in events]),
        "trace": column("I", [names.index(e.trace) for e in events]),
        "user": column("I", [names.index(e.user, scrub.person) for e in events]),
        "client": column("I", [names.index(e.client) for e in events]),
        "release": column("I", [names.index(release)] * len(events)),
        "service": column("I", [names.index(e.service) for e in events]),
        "at": _times(events, base, notes),
        "code": column("H", [e.status if 0 <= e.status < 1000 else 0 for e in events]),
        "high": column("Q", [e.error_id >> 64 for e in events]),
        "low": column("Q", [e.error_id & _LOW for e in events]),
    }
    return Segment("occurrence", len(events), names.list, columns)


def server_errors(events: Sequence[ServerError], base: int, notes: Notes) -> Segment:
    """Encode requests that were answered with 5xx."""
    names = Names(notes)
    columns = {
        "name": column("I", [names.index((e.method, e.route), _request_name) for e in events]),
        "client": column("I", [names.index(e.client) for e in events]),
        "trace": column("I", [names.index(e.trace) for e in events]),
        "user": column("I", [names.index(e.user, scrub.person) for e in events]),
        "at": _times(events, base, notes),
        "code": column("H", [e.status if 0 <= e.status < 1000 else 0 for e in events]),
        "high": column("Q", [e.error_id >> 64 for e in events]),
        "low": column("Q", [e.error_id & _LOW for e in events]),
    }
    return Segment("server_error", len(events), names.list, columns)


def calls(events: Sequence[Call], base: int, notes: Notes) -> Segment:
    """Encode calls to dependencies."""
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.name) for e in events]),
        "at": _times(events, base, notes),
        "duration": _durations([e.duration for e in events], notes),
        "flags": column("B", [e.flags & _BYTE for e in events]),
        "permit": column("I", [e.permit if 0 <= e.permit <= _MAX_TIME else 0 for e in events]),
        "process": column("I", [names.index(instance.name())] * len(events)),
    }
    return Segment("call", len(events), names.list, columns)


def visits(events: Sequence[Visit], base: int, notes: Notes) -> Segment:
    """Encode what clients asked for."""
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.client) for e in events]),
        "at": _times(events, base, notes),
        **{
            title: column("I", [min(max(0, getattr(e, title)), _MAX_TIME) for e in events])
            for title in ("requests", "missing", "denied")
        },
    }
    return Segment("visit", len(events), names.list, columns)


def tried(events: Sequence[Tried], base: int, notes: Notes) -> Segment:
    """Encode what clients tried."""
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.client) for e in events]),
        "what": column("I", [names.index(e.what) for e in events]),
        "of": column("B", [e.of & _BYTE for e in events]),
        "at": _times(events, base, notes),
        "count": column("I", [min(max(0, e.count), _MAX_TIME) for e in events]),
    }
    return Segment("tried", len(events), names.list, columns)


SEGMENTS: dict[type[Any], Callable[[Any, int, Notes], Segment]] = {
    Request: requests,
    Operation: operations,
    Sent: sent,
    Received: received,
    Started: started,
    Task: tasks,
    Counter: counters,
    Gauge: gauges,
    Occurrence: occurrences,
    ServerError: server_errors,
    Call: calls,
    Visit: visits,
    Tried: tried,
}
