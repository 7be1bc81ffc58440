"""Who consumes which kind of event: the one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitoring.alerts.in_code.consume import consume as alerts
from monitoring.errors.digest.consume import consume as errors
from monitoring.jobs.actions.consume import consume as messages
from monitoring.jobs.queues.consume import consume as queues
from monitoring.jobs.runs.consume import consume as runs
from monitoring.jobs.schedule.consume import consume as scheduled
from monitoring.journal.deeds.consume import consume as entries
from monitoring.journal.lines.consume import consume as lines
from monitoring.journal.security.consume import consume as security
from monitoring.metrics.consume import add_totals
from monitoring.metrics.consume import consume as metrics
from monitoring.performance.consume import consume as performance
from monitoring.performance.spans.consume import consume as spans
from monitoring.protection.admins.consume import consume as admins
from monitoring.protection.circuits.consume import consume as circuits
from monitoring.protection.counting.consume import consume as server_errors
from monitoring.protection.interruptions.consume import consume as interruptions
from monitoring.recovery.requests.consume import consume as recoveries
from monitoring.sinks.consume import consume as forwarded
from monitoring.storage.folding import Columns, Fact, Scope, Write

Measures = Mapping[str, Columns]
Facts = Mapping[str, Sequence[Fact]]
Consumer = Callable[[Measures, Facts, Scope], list[Write]]

COLUMNS: dict[str, dict[str, str]] = {
    "request": {"name": "I", "at": "I", "duration": "Q", "status": "H", "only": "B"},
    "operation": {"name": "I", "at": "I", "duration": "Q", "failed": "B"},
    "sent": {"name": "I", "queue": "I", "worker": "I", "at": "I"},
    "received": {"name": "I", "queue": "I", "worker": "I", "at": "I"},
    "started": {"name": "I", "queue": "I", "worker": "I", "at": "I", "late": "B", "id": "U", "family": "U"},
    "task": {
        "name": "I",
        "queue": "I",
        "worker": "I",
        "exception": "I",
        "at": "I",
        "duration": "Q",
        "wait": "Q",
        "state": "B",
        "id": "U",
    },
    "counter": {"name": "I", "at": "I", "value": "d"},
    "gauge": {"name": "I", "at": "I", "value": "d"},
    "occurrence": {
        "name": "I",
        "key": "I",
        "trace": "I",
        "user": "I",
        "client": "I",
        "release": "I",
        "service": "I",
        "at": "I",
        "code": "H",
        "high": "Q",
        "low": "Q",
    },
    "server_error": {
        "name": "I",
        "client": "I",
        "trace": "I",
        "user": "I",
        "at": "I",
        "code": "H",
        "high": "Q",
        "low": "Q",
    },
    "call": {"name": "I", "at": "I", "duration": "Q", "flags": "B", "permit": "I", "process": "I"},
    "visit": {"name": "I", "at": "I", "requests": "I", "missing": "I", "denied": "I"},
    "tried": {"name": "I", "what": "I", "of": "B", "at": "I", "count": "I"},
}
"""The columns each kind of measure must have, and their type codes."""
NAME_COLUMNS = frozenset(
    {"name", "queue", "worker", "exception", "key", "trace", "user", "client", "release", "service", "process", "what"}
)
"""Columns that hold positions in the names of their segment."""
LATER_COLUMNS = frozenset(
    {"only", "worker", "exception", "id", "user", "client", "release", "service", "code", "high", "low"}
)
"""Columns that batches of an earlier version, or for which all values are zero, may leave out."""
FACT_KINDS = frozenset(
    {
        "slow",
        "run",
        "scheduled",
        "message",
        "error",
        "amendment",
        "acted",
        "alert",
        "recovery",
        "circuit",
        "line",
        "span",
        "entry",
    }
)
KINDS = frozenset({*COLUMNS, *FACT_KINDS, "failure"})
"""The kinds of events that producers count; `failure` stands for what they could not record at all."""
NOTES = frozenset({"durations_clamped", "names_clamped", "times_clamped"})
"""What a sender may say that it clamped."""

CONSUMERS: tuple[Consumer, ...] = (
    performance,
    spans,
    metrics,
    errors,
    runs,
    scheduled,
    messages,
    queues,
    admins,
    alerts,
    server_errors,
    circuits,
    recoveries,  # after the errors, which make safe what they say of themselves
    lines,
    interruptions,
    entries,
    security,
    forwarded,  # last: of errors that were made safe
)

__all__ = [
    "COLUMNS",
    "CONSUMERS",
    "FACT_KINDS",
    "KINDS",
    "LATER_COLUMNS",
    "NAME_COLUMNS",
    "NOTES",
    "Facts",
    "Measures",
    "add_totals",
]
