"""Reads a trace: all that is stored under its id, each to a bounded extent, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import router
from django.db.models import Q, QuerySet

from monitoring.alerts.incidents.models import Incident
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.jobs.runs.tree import STARTED
from monitoring.journal.audit.models import JournalEntry, PendingEntry
from monitoring.journal.lines.models import LogLine
from monitoring.performance.models import SlowSample
from monitoring.performance.spans.models import TraceSpan

from . import events, rows
from .parts import Event, Node
from .tree import Owners, build

MOST = {
    "spans": 1_000,
    "runs": 1_000,
    "running": 200,
    "errors": 200,
    "lines": 200,
    "slow": 100,
    "incidents": 50,
    "entries": 200,
}
"""How many of each are read."""
_AFTER = timedelta(hours=1)
"""By so much an incident may begin after the errors that it is about."""


@dataclass(frozen=True)
class Trace:
    """All that is known of a trace.

    Attributes:
        start: When the first of it began or happened.
        end: When the last of it ended or happened.
        services: Whose parts or events it has.
        nodes: The parts, each after the one above it.
        events: What happened, the first first.
        cut: Of what more is stored than is shown.
        running: Whether something of it still runs.
    """

    trace_id: str
    start: datetime
    end: datetime
    services: list[str]
    nodes: list[Node]
    events: list[Event]
    cut: list[str]
    running: bool

    @property
    def duration(self) -> float:
        """Seconds from the first to the last."""
        return (self.end - self.start).total_seconds()

    @property
    def failed(self) -> bool:
        """Whether a part of it failed, or an error happened in it."""
        return any(node.part.failed for node in self.nodes) or any(one.kind == "error" for one in self.events)


class _Reader:
    """Reads rows and remembers of what there are more."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self.cut: list[str] = []

    def take(self, what: str, found: QuerySet[Any]) -> list[Any]:
        most = MOST[what]
        read = list(found.using(self._alias)[: most + 1])
        if len(read) > most and what not in self.cut:
            self.cut.append(what)
        return read[:most]


def read(trace_id: str, alias: str | None = None) -> Trace | None:
    """Return a trace; None where nothing is stored of it.

    Args:
        trace_id: 32 hexadecimal digits.
        alias: The database; the one for reading unless given.
    """
    reader = _Reader(alias or router.db_for_read(TraceSpan))
    spans = reader.take("spans", TraceSpan.objects.filter(trace_id=trace_id).order_by("at", "id"))
    runs = reader.take("runs", TaskRun.objects.filter(trace_id=trace_id).order_by("ended", "id"))
    running = reader.take("running", RunningTask.objects.filter(trace_id=trace_id).order_by("began"))
    parts = rows.together(spans, runs, running)
    found = _events(trace_id, reader)
    if not parts and not found:
        return None
    nodes = build(parts)
    placed = events.placed(found, Owners(parts))
    return _trace(trace_id, nodes, placed, reader.cut)


def _events(trace_id: str, reader: _Reader) -> list[Event]:
    errors = ErrorLog.objects.filter(~Q(trace_id=""), trace_id=trace_id).select_related("group")
    rows_of_errors = reader.take("errors", errors.order_by("created", "id"))
    lines = reader.take("lines", LogLine.objects.filter(trace_id=trace_id).order_by("at", "id"))
    slow = reader.take("slow", SlowSample.objects.filter(trace_id=trace_id).order_by("at", "id"))
    incidents = reader.take("incidents", _incidents(rows_of_errors))
    # Those that wait first: what is sealed meanwhile is read twice then, and shown once.
    entries = [
        row
        for model in (PendingEntry, JournalEntry)
        for row in reader.take("entries", model.objects.filter(trace_id=trace_id).order_by("at", "entry_id"))
    ]
    return [
        *map(events.of_error, rows_of_errors),
        *map(events.of_line, lines),
        *map(events.of_slow, slow),
        *map(events.of_incident, incidents),
        *map(events.of_entry, {row.entry_id: row for row in entries}.values()),
    ]


def _incidents(errors: Sequence[ErrorLog]) -> QuerySet[Incident]:
    """Return the incidents that errors led to or fell into, by their groups."""
    own = [one.group for one in errors if one.group is not None]
    groups = {pk for group in own for pk in (group.pk, group.merged_into_id) if pk is not None}
    if not groups:
        return Incident.objects.none()
    last, first = max(one.created for one in errors), min(one.created for one in errors)
    during = Q(started__lte=last + _AFTER) & (Q(resolved__isnull=True) | Q(resolved__gte=first))
    named = Q(labels__group__in=[str(group) for group in sorted(groups)])
    return Incident.objects.filter(during, named).order_by("started", "id")


def _trace(trace_id: str, nodes: list[Node], found: list[Event], cut: list[str]) -> Trace:
    within = [one for one in found if one.kind != "incident"]  # those begin and end apart from it
    starts = [*(node.start for node in nodes), *(one.at for one in within)]
    ends = [*(node.start + timedelta(seconds=node.part.duration or 0) for node in nodes), *(one.at for one in within)]
    services = {node.part.service for node in nodes} | {one.service for one in within}
    running = any(node.part.state == STARTED for node in nodes)
    return Trace(trace_id, min(starts), max(ends), sorted(services - {""}), nodes, found, cut, running)
