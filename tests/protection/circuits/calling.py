"""Calls to dependencies, as a drain takes them in, and circuits in a state."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connections, router, transaction

from monitoring.protection.circuits.consume import consume
from monitoring.protection.circuits.models import Circuit, CircuitPermit
from monitoring.storage.folding import Columns, Fact, Scope

SERVICE, NAME = "shop", "payments"


class Made(NamedTuple):
    """A call; `at` in milliseconds since the epoch."""

    at: int
    flags: int = 0
    permit: int = 0
    process: str = "p1"
    name: str = NAME


def now() -> int:
    return time.time_ns() // 1_000_000


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def columns(calls: Iterable[Made]) -> Columns:
    names: dict[tuple[str, str], int] = {}

    def place(text: str) -> int:
        return names.setdefault((SERVICE, text), len(names))

    rows = [(place(one.name), place(one.process), one.at, one.flags, one.permit) for one in calls]
    name, process, at, flags, permit = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    values = {"process": process, "flags": flags.astype(np.uint8), "permit": permit, "duration": at * 0}
    return Columns(list(names), name, at, values)


def take_in(calls: Iterable[Made] = (), facts: Iterable[Fact] = (), *, at: int | None = None, shard: int = 0) -> Scope:
    """Take calls and declarations in as one drain; return what it says of itself."""
    where = Scope(
        connections[router.db_for_write(Circuit)], shard, "measures", now() if at is None else at, 10_000, 10_000, 2_000
    )
    calls = list(calls)
    writes = consume({"call": columns(calls)} if calls else {}, {"circuit": list(facts)}, where)
    with transaction.atomic(using=where.connection.alias):
        for write in writes:
            write()
    return where


def declare(name: str = NAME, **options: Any) -> Fact:
    return Fact("circuit", SERVICE, now(), {"name": name, "options": options}, {})


def a_circuit(**options: Any) -> Circuit:
    """A closed circuit that code has declared."""
    take_in(facts=[declare(**options)])
    return the_circuit()


def the_circuit(name: str = NAME) -> Circuit:
    return Circuit.objects.get(service=SERVICE, name=name)


def put(state: str, *, since: float = 0.0, until: float | None = None, **values: Any) -> Circuit:
    """Put the circuit in a state, as of so many seconds ago."""
    at = datetime.now(UTC)
    values = {"state": state, "since": at - timedelta(seconds=since), **values}
    if until is not None:
        values["until"] = at + timedelta(seconds=until)
    Circuit.objects.filter(service=SERVICE, name=NAME).update(**values)
    return the_circuit()


def permits() -> list[tuple[str, bool, str]]:
    """Who was permitted a call, whether it is known to have begun, and what came of it."""
    rows = CircuitPermit.objects.order_by("number")
    return list(rows.values_list("process", "began", "outcome"))
