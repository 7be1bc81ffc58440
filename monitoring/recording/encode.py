"""Turn buffered events into the segments and records of a payload. Runs on the flusher's thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from . import node, scrub
from .columns import SEGMENTS, Notes, clamp
from .events import (
    MAX_TASK_ID,
    Acted,
    Alert,
    Amendment,
    CircuitDeclared,
    Entry,
    Error,
    Line,
    Message,
    RecoveryRequest,
    Run,
    ScheduledRun,
    Slow,
    Span,
)
from .raised import describe
from .wire import Record, Segment, name

_listeners: list[Callable[[int, dict[str, Any]], None]] = []
_SCRUBBED: dict[str, Callable[[str], str]] = {"message": scrub.text, "arguments": scrub.text, "user": scrub.person}
"""What a run says that is no name or id of its own making."""
_ENTRY_TEXTS: dict[str, Callable[[str], str]] = {
    "actor": scrub.person,
    "user_id": scrub.person,
    "target_id": scrub.text,
}
"""What an entry of the journal says that may be somebody's address or secret."""


def slow(event: Slow, notes: Notes) -> Record:
    """Encode a slow sample."""
    duration = clamp(event.duration, notes)
    values = {"of": event.of, "name": name(event.name), "duration": duration, "context": scrub.mapping(event.context)}
    return Record("slow", event.at, values)


def run(event: Run, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode a run of a task; its texts are bounded, its arguments were scrubbed when it was kept."""
    values = {
        key: _SCRUBBED.get(key, scrub.clean)(value) if isinstance(value, str) else value
        for key, value in event.values.items()
    }
    return Record("run", event.at, values)


def scheduled(event: ScheduledRun, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode what happened to a run of beat's schedule."""
    values = {
        "id": event.task_id[:MAX_TASK_ID],
        "entry": name(event.entry),
        "task": name(event.task),
        "queue": name(event.queue),
        "origin": name(event.origin),
        "worker": name(event.worker),
        "state": event.state,
        "rank": event.rank,
        "published": event.published,
        "started": event.started,
    }
    return Record("scheduled", event.at, values)


def message(event: Message, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode the message of a task."""
    values = {
        "id": event.task_id,
        "name": name(event.name),
        "body": event.body,
        "arguments": event.arguments,
        "problem": event.problem,
        "settled": event.settled,
    }
    return Record("message", event.at, values)


def error(event: Error, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode an error, making its frames readable, and let those hear of it who want to."""
    values = describe.describe(event)
    for listener in _listeners:
        with contextlib.suppress(Exception):  # it is sent, whoever cannot take it
            listener(event.at, values)
    return Record("error", event.at, values)


def listen(listener: Callable[[int, dict[str, Any]], None]) -> None:
    """Have a function hear of every error that is sent in full from now on.

    Args:
        listener: Takes the time in nanoseconds since the epoch, and the error as it travels, which it leaves as it is.
            It runs on the flusher's thread and must not hold it up.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def alert(event: Alert, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode an alert that code has raised."""
    return Record("alert", event.at, dict(event.values))


def amendment(event: Amendment, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode what became known of an error."""
    return Record("amendment", event.at, describe.amendment(event))


def acted(event: Acted, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode that a staff member acted."""
    return Record("acted", event.at, {"client": name(event.client)})


def recovery(event: RecoveryRequest, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode that somebody asks for the recovery of an error."""
    return Record(
        "recovery", event.at, {"error_id": event.error_id, "trigger": event.trigger, "waits": bool(event.waits)}
    )


def circuit(event: CircuitDeclared, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode what code says of a circuit that it uses."""
    return Record("circuit", event.at, {"name": name(event.name), "options": dict(event.options)})


def line(event: Line, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode a line of the log."""
    values = {
        "level": event.level,
        "logger": name(event.logger),
        "text": scrub.text(event.text),
        "node": node.name(),
        "ids": {key: name(value) for key, value in event.ids.items()},
        "fields": scrub.mapping(event.fields),
    }
    return Record("line", event.at, values)


def span(event: Span, notes: Notes) -> Record:
    """Encode a part of a trace."""
    values = {
        "of": event.of,
        "name": name(event.name),
        "duration": clamp(event.duration, notes),
        "trace": event.trace,
        "span": event.span,
        "parent": event.parent,
        "microsecond": event.at // 1_000 % 1_000,
        "status": event.status,
        "failed": event.failed,
        "about": scrub.mapping(event.about),
    }
    return Record("span", event.at, values)


def entry(event: Entry, notes: Notes) -> Record:  # noqa: ARG001  # all encoders are called alike
    """Encode something for the journal: its details are scrubbed, as are texts that may be somebody's address."""
    told = {
        key: _ENTRY_TEXTS.get(key, scrub.clean)(str(value)) for key, value in event.values.items() if key != "details"
    }
    values = {
        "id": f"{event.entry_id:032x}",
        "stream": name(event.stream),
        "action": name(event.action),
        "values": {**told, "details": scrub.mapping(event.values.get("details") or {})},
    }
    return Record("entry", event.at, values)


RECORDS: dict[type[Any], Callable[[Any, Notes], Record]] = {
    Slow: slow,
    Run: run,
    ScheduledRun: scheduled,
    Message: message,
    Error: error,
    Amendment: amendment,
    Acted: acted,
    Alert: alert,
    RecoveryRequest: recovery,
    CircuitDeclared: circuit,
    Line: line,
    Span: span,
    Entry: entry,
}


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
