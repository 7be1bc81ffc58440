"""What sinks say of an error, whatever their form: judged by the same rules as those in the error log."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.errors.digest import judging, portrait, rules, sightings
from monitoring.storage.folding import Fact

from .records import Record

_LEVELS = {
    "critical": logging.CRITICAL,
    "high": logging.ERROR,
    "medium": logging.WARNING,
    "low": logging.INFO,
}


@dataclass(frozen=True)
class Told:
    """An error.

    Attributes:
        error_id: 32 hexadecimal digits.
        kind: `exception`, `response` or `log`.
        title: One line that says what it is.
        type: Qualified name of the exception's class; empty for what is none.
        message: Of the exception.
        level: By logging's numbers.
        traceback: As Python prints it.
        fingerprint: What it is grouped by.
        name: What failed: method and route, a task, or a logger.
        service: Whose error it is, which may be another one than that of its sender.
        ids: `trace_id`, `span_id`, `request_id`, `task_id`, `user_id`; those there are.
        chain: The exceptions, first the one that was caught, as they travelled.
        values: All that travelled.
    """

    error_id: str
    kind: str
    title: str
    type: str
    message: str
    level: int
    severity: str
    traceback: str
    fingerprint: str
    name: str
    route: str
    status: int
    service: str
    ids: Mapping[str, str]
    chain: Sequence[Mapping[str, Any]]
    values: Mapping[str, Any]


def is_line(record: Record) -> bool:
    """Whether an error is nothing but a line of the log, which is a record of its own."""
    chain = record.values.get("chain") or [{}]
    return record.values.get("kind") == "log" and not chain[0].get("type")


def tell(record: Record) -> Told:
    """Say what a record of an error is."""
    origin = {"release": record.release, "environment": record.environment}
    one = sightings.of_fact(Fact(record.kind, record.service, record.at, record.values, origin))
    rules.apply([one])
    values = one.values or {}
    chain = values["chain"]
    context = values["context"]
    raised = chain[0] if chain else {}
    severity = judging.severity(one, judging.classification(one))
    message = raised.get("message", "")
    ids = {key: context[key] for key in ("span_id", "request_id", "task_id") if isinstance(context.get(key), str)}
    ids |= {"trace_id": one.trace_id, "user_id": one.user}
    return Told(
        error_id=one.error_id.hex,
        kind=values["kind"],
        title=portrait.title(values["kind"], judging.type_of(one), one.status, one.name, message),
        type=raised.get("type", ""),
        message=message,
        level=_LEVELS.get(severity, logging.ERROR),
        severity=severity,
        traceback=portrait.traceback(chain),
        fingerprint=one.fingerprints[0],
        name=one.name,
        route=sightings.text(values, "route", 500),
        status=one.status,
        service=one.service,
        ids={key: value for key, value in ids.items() if value},
        chain=chain,
        values=values,
    )
