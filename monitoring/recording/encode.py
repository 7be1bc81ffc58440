"""Turn buffered events into the segments and records of a payload. Runs on the flusher's thread."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from typing import Any

from . import errors, scrub
from .events import (
    MAX_DURATION,
    UNKNOWN_DURATION,
    Counter,
    Error,
    Event,
    Gauge,
    Occurrence,
    Operation,
    Request,
    Slow,
    Task,
)
from .wire import Column, Record, Segment, column, name

_NANOSECONDS_PER_MILLISECOND = 1_000_000
_MAX_TIME = 2**32 - 1


Notes = Tally[str]
"""How much was clamped, by what: reported with the batch."""


class Names:
    """The dictionary of a segment: each distinct name once."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.list: list[str] = []
        self._index: dict[Any, int] = {}

    def index(self, key: Any, make: Callable[[Any], str] = str) -> int:
        """Return the position of a name, made from `key` when it is seen for the first time."""
        position = self._index.get(key)
        if position is None:
            position = self._index[key] = len(self.list)
            full = make(key)
            bounded = name(full)
            self._notes["names_clamped"] += bounded != full
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
        return column("Q", [v if 0 <= v <= MAX_DURATION else _clamp(v, notes) for v in values])
    except (TypeError, ValueError, OverflowError):
        return column("Q", [_clamp(v, notes) for v in values])


def _clamp(value: Any, notes: Notes) -> int:
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


def tasks(events: Sequence[Task], base: int, notes: Notes) -> Segment:
    """Encode executions of tasks."""
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.name) for e in events]),
        "queue": column("I", [names.index(e.queue) for e in events]),
        "at": _times(events, base, notes),
        "duration": _durations([e.duration for e in events], notes),
        "wait": _durations([e.wait for e in events], notes),
        "state": column("B", [e.state for e in events]),
    }
    return Segment("task", len(events), names.list, columns)


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
    names = Names(notes)
    columns = {
        "name": column("I", [names.index(e.name) for e in events]),
        "key": column("I", [names.index(("key", e.key), lambda key: errors.stable_key(key[1])) for e in events]),
        "trace": column("I", [names.index(e.trace) for e in events]),
        "at": _times(events, base, notes),
    }
    return Segment("occurrence", len(events), names.list, columns)


def slow(event: Slow, notes: Notes) -> Record:
    """Encode a slow sample."""
    duration = _clamp(event.duration, notes)
    values = {"of": event.of, "name": name(event.name), "duration": duration, "context": scrub.mapping(event.context)}
    return Record("slow", event.at, values)


def error(event: Error, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode an error, formatting its frames."""
    values = errors.describe(event) | {"name": name(event.name), "context": scrub.mapping(event.context)}
    return Record("error", event.at, values)


SEGMENTS: dict[type[Any], Callable[[Any, int, Notes], Segment]] = {
    Request: requests,
    Operation: operations,
    Task: tasks,
    Counter: counters,
    Gauge: gauges,
    Occurrence: occurrences,
}
RECORDS: dict[type[Any], Callable[[Any, Notes], Record]] = {Slow: slow, Error: error}


def salvage(kind: type[Any], events: Sequence[Any], base: int, notes: Notes) -> tuple[list[Segment], list[Record]]:
    """Encode events of one kind as segments or records; where one of them cannot be, the others still are."""
    try:
        if kind in SEGMENTS:
            return [SEGMENTS[kind](events, base, notes)], []
        return [], [RECORDS[kind](event, notes) for event in events]
    except Exception:  # whatever a caller managed to record
        if len(events) == 1:
            return [], []
    middle = len(events) // 2
    first, second = salvage(kind, events[:middle], base, notes), salvage(kind, events[middle:], base, notes)
    return first[0] + second[0], first[1] + second[1]
