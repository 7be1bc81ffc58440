"""Measures drains of one installation: one stream, one database, one thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from monitoring.conf import Config, get_config
from monitoring.intake import commit, decode, opening
from monitoring.intake.commit import Intake
from monitoring.intake.drain import drain
from monitoring.metrics import models as metric_models
from monitoring.performance import models as performance_models
from monitoring.storage import bulk, names, partitions
from monitoring.stream import streams
from monitoring.stream.connection import connect

from .events import BATCH, Source, is_readable, plain_bytes
from .stopwatch import Place, Stopwatch

READ, DECODE, FOLD, DB_READ, DB_WRITE, DB_COMMIT = "read", "decode", "fold", "db read", "db write", "commit"
DELETE = "delete"
PARTS = (READ, DECODE, FOLD, DB_READ, DB_WRITE, DB_COMMIT, DELETE)
_STEPS = {
    "read": READ,
    "read the cursor": DB_READ,
    "fold": FOLD,
    "begin": DB_WRITE,
    "commit": DB_COMMIT,
    "delete": DELETE,
}
_TABLES = {
    "minute": performance_models.MinuteRollup,
    "total": performance_models.DurationTotal,
    "counter minute": metric_models.CounterMinute,
    "counter total": metric_models.Total,
    "name": names.Name,
}


def _places() -> list[Place]:
    return [
        (opening, "open_entries", DECODE),
        (commit, "open_entries", DECODE),
        (decode, "gather", DECODE),
        (bulk, "fetch", DB_READ),
        (names, "lookup", DB_READ),
        (names, "intern", DB_READ),
        (partitions, "ensure", DB_READ),
    ]


@dataclass
class Drained:
    """One drain.

    Attributes:
        events: How many were folded.
        wall: Nanoseconds by the clock on the wall.
        cpu: Nanoseconds of this thread's CPU.
        parts: Nanoseconds by part.
        wal: Bytes of write-ahead log, on PostgreSQL.
    """

    events: int
    wall: int
    cpu: int
    parts: dict[str, int]
    wal: int


@dataclass
class Case:
    """A source and what its drains took.

    Attributes:
        redis_bytes: What Redis says the entries of one drain use, per event.
        value_bytes: Bytes of the values in them, per event.
        rows: Rows in each table after each drain.
    """

    first: Drained
    drains: list[Drained] = field(default_factory=list)
    redis_bytes: float = 0.0
    value_bytes: float = 0.0
    rows: list[dict[str, int]] = field(default_factory=list)


class Bench:
    """Runs cases one after the other, each on empty tables and an empty stream."""

    def __init__(self, prefix: str, limit: int) -> None:
        self.config: Config = replace(
            get_config(), stream_prefix=prefix, names_per_minute=limit, drain_bytes=2**30, drain_entries=10**6
        )
        self.stream = streams.Stream(prefix, 0, streams.MEASURES)
        self.client = connect(self.config.redis_url, 60.0, 2)

    def run(self, source: Source, batches: int, drains: int) -> Case:
        """Drain a source's events `drains` + 1 times; the first finds no names and no rows."""
        self.clear()
        case = Case(self._drain(source, batches))
        case.rows.append(rows())
        for _ in range(drains):
            case.drains.append(self._drain(source, batches, case))
            case.rows.append(rows())
        return case

    def _drain(self, source: Source, batches: int, case: Case | None = None) -> Drained:
        entries = list(source.entries(batches))
        assert is_readable(entries[0])
        for fields in entries:
            streams.append(self.client, self.stream, fields, 2**50)
        if case is not None:
            used = int(self.client.memory_usage(self.stream.key, samples=0) or 0)
            case.redis_bytes = used / (batches * BATCH)
            case.value_bytes = plain_bytes(entries) / (batches * BATCH)
        del entries
        watch, wal = Stopwatch(), _wal()
        intake = Intake(connection, self.config, self.stream, lambda step: _turn(watch, step))
        with watch.watching(_places()):
            cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
            with watch.part(READ):
                taken = drain(intake, self.client)
            wall, cpu = time.perf_counter_ns() - wall, time.thread_time_ns() - cpu
        assert taken == batches, f"{taken} of {batches} entries were taken"
        return Drained(batches * BATCH, wall, cpu, dict(watch.parts), _wal() - wal)

    def clear(self) -> None:
        """Start from nothing."""
        self.client.delete(self.stream.key)
        from monitoring.intake.models import Cursor, DeadLetter, Producer

        for model in (*_TABLES.values(), Cursor, DeadLetter, Producer, performance_models.DirtyPeriod):
            with connection.cursor() as cursor:
                cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
        _tidy()
        names.forget()
        partitions.forget()


def _turn(watch: Stopwatch, step: str) -> None:
    if step in _STEPS:
        watch.enter(_STEPS[step])


def _tidy() -> None:
    """Let one case not pay for the dead rows of another."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "VACUUM")


def _wal() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
        return int(cursor.fetchone()[0])


def rows() -> dict[str, int]:
    """Count the rows of each table that a drain writes."""
    return {title: model._default_manager.count() for title, model in _TABLES.items()}


def each(case: Case, part: str) -> Iterator[Any]:
    """Give one part of every drain but the first."""
    return (drained.parts.get(part, 0) for drained in case.drains)
