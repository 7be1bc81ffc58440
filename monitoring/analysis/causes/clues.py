"""What was wrong when an error occurred: components, circuits, findings, and other errors of the same dependency."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitoring.component import Status
from monitoring.errors.log.models import ErrorLog
from monitoring.health.models import ComponentChange
from monitoring.jobs.findings import Finding
from monitoring.protection.circuits.models import CircuitChange

from .dependencies import of_error
from .links import Clue

_BACK = timedelta(minutes=15)
"""Errors of a dependency so long before are held to be of the same trouble."""
_LONG = timedelta(days=1)
"""What is wrong for longer is known of otherwise."""
_AFTER = timedelta(seconds=60)
"""So long afterwards what was wrong may be noticed: checks need some results, circuits some calls."""
_MOST, _MOST_ERRORS = 200, 300
_CLOSED = "closed"


def read(at: datetime, service: str, dependency: str, alias: str) -> list[Clue]:
    """Return what was wrong at a time, the first first.

    Args:
        at: When the error occurred.
        service: Of which service.
        dependency: What the error came of; empty where nobody knows.
        alias: The database.
    """
    found = [*_components(at, alias), *_circuits(at, service, alias), *_findings(at, alias)]
    if dependency and (first := _errors(at, service, dependency, alias)):
        found.append(first)
    return sorted(found, key=lambda one: (one.at, one.name))


def _components(at: datetime, alias: str) -> list[Clue]:
    rows = ComponentChange.objects.using(alias).filter(at__gt=at - _LONG, at__lte=at + _AFTER).order_by("-at", "-id")
    open_since: dict[str, tuple[datetime, str]] = {}
    found: list[Clue] = []
    for row in reversed(rows[:_MOST]):
        began = open_since.pop(row.component, None)
        if began is not None and row.at >= at:
            found.append(Clue("health", row.component, began[0], began[1], row.at))
        if row.status != Status.HEALTHY:
            since = began[0] if began is not None else row.at
            open_since[row.component] = (since, f"is {row.status}")
    return found + [Clue("health", name, since, words) for name, (since, words) in open_since.items()]


def _circuits(at: datetime, service: str, alias: str) -> list[Clue]:
    rows = CircuitChange.objects.using(alias).filter(at__gt=at - _LONG, at__lte=at + _AFTER, circuit__service=service)
    opened: dict[str, tuple[datetime, str]] = {}
    found: list[Clue] = []
    for row in reversed(rows.select_related("circuit").order_by("-at", "-pk")[:_MOST]):
        name = row.circuit.name
        if row.state != _CLOSED:
            opened.setdefault(name, (row.at, f"was open ({row.reason})" if row.reason else "was open"))
        elif (began := opened.pop(name, None)) and row.at >= at:
            found.append(Clue("circuit", name, *began, row.at))
    return found + [Clue("circuit", name, *began) for name, began in opened.items()]


def _findings(at: datetime, alias: str) -> list[Clue]:
    rows = (
        Finding.objects.using(alias).filter(opened__gt=at - _BACK, opened__lte=at + _AFTER).order_by("-opened", "-id")
    )
    return [
        Clue("finding", row.subject, row.opened, row.kind.replace("_", " "), None if row.event else row.closed)
        for row in rows[:_MOST]
        if row.event or row.closed is None or row.closed >= at
    ]


def _errors(at: datetime, service: str, dependency: str, alias: str) -> Clue | None:
    """Return since when errors of a dependency are kept."""
    rows = (
        ErrorLog.objects.using(alias).filter(created__gt=at - _BACK, created__lte=at, service=service).exclude(kept="")
    )
    told = rows.order_by("created", "id").values_list("created", "context", "chain", "exception_type", "name")
    alike = [
        (created, name)
        for created, context, chain, kind, name in told[:_MOST_ERRORS]
        if of_error(context, chain, kind) == dependency
    ]
    if not alike or alike[0][0] >= at:
        return None
    return Clue("errors", dependency, alike[0][0], f"occurred in {alike[0][1]}")
