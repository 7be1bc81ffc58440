"""What happened at moments of a trace, from the rows that tell of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from monitoring.alerts.incidents.models import Incident
from monitoring.errors.log.models import ErrorLog
from monitoring.journal.audit.models import EntryModel
from monitoring.journal.lines.models import LogLine
from monitoring.performance.models import SlowSample

from .parts import Event, EventKind
from .tree import Owners

_MOST_TEXT = 1_000


def of_error(row: ErrorLog) -> Event:
    """Return the event that an error is."""
    context = row.context if isinstance(row.context, dict) else {}
    about = {"status": row.status_code, "handled": row.handled, "group": row.group_id}
    return Event(
        EventKind.ERROR,
        row.created,
        name=row.error_type or row.name,
        text=row.exception_message[:_MOST_TEXT],
        service=row.service,
        id=str(row.error_id),
        level=row.severity,
        span_id=_text(context.get("span_id")),
        request_id=row.request_id,
        task_id=row.task_id,
        about={key: value for key, value in about.items() if value},
    )


def of_slow(row: SlowSample) -> Event:
    """Return the event that a slow sample is."""
    context = row.context if isinstance(row.context, dict) else {}
    return Event(
        EventKind.SLOW,
        row.at,
        name=row.name,
        text=f"slow {row.kind}: {row.duration:.3f} s",
        service=row.service,
        id=str(row.id),
        level="warning",
        span_id=_text(context.get("span_id")),
        request_id=_text(context.get("request_id")),
        task_id=_text(context.get("task_id")),
        about={"duration": row.duration},
    )


def of_line(row: LogLine) -> Event:
    """Return the event that a line of the log is."""
    return Event(
        EventKind.LINE,
        row.at,
        name=row.logger,
        text=row.text[:_MOST_TEXT],
        service=row.service,
        level=logging.getLevelName(row.level),
        span_id=row.span_id,
        request_id=row.request_id,
        task_id=row.task_id,
        about=row.fields if isinstance(row.fields, dict) else {},
    )


def of_incident(row: Incident) -> Event:
    """Return the event that an incident is, at the moment at which it fired, or began where it did not."""
    return Event(
        EventKind.INCIDENT,
        row.fired or row.started,
        name=row.rule_name,
        text=row.summary[:_MOST_TEXT],
        service=_text(row.labels.get("service")),
        id=str(row.pk),
        level=row.severity,
        about={"state": row.state, "group": _text(row.labels.get("group"))},
    )


def of_entry(row: EntryModel) -> Event:
    """Return the event that an entry of the journal is."""
    about = {
        "stream": row.stream,
        "outcome": row.outcome,
        "actor": row.actor,
        "target_type": row.target_type,
        "target_id": row.target_id,
        "sequence": getattr(row, "sequence", None),
    }
    return Event(
        EventKind.ENTRY,
        row.at,
        name=row.action,
        service=row.service,
        id=str(row.entry_id),
        request_id=row.request_id,
        task_id=row.task_id,
        about={key: value for key, value in about.items() if value},
    )


def placed(events: list[Event], owners: Owners) -> list[Event]:
    """Return events by time, each with the part that it happened in, where that is kept."""
    found = []
    for event in events:
        part = None
        if event.span_id or event.task_id or event.request_id:
            part = owners.of(event.span_id, event.task_id, event.request_id, event.at)
        found.append(event if part is None else replace(event, node=part.id))
    return sorted(found, key=lambda event: (event.at, event.kind, event.id))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
