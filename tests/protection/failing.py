"""Requests that fail, as a drain counts them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from django.db import connections, router, transaction

from monitoring.protection.counting.consume import consume
from monitoring.protection.counting.models import ErrorTally
from monitoring.storage.folding import Columns, Scope

ROUTE = "GET api/designs/<uuid:pk>/"
BAD, OTHER, THIRD = "203.0.113.7", "198.51.100.8", "192.0.2.9"


class Failure(NamedTuple):
    """A request that failed; `at` in milliseconds since the epoch."""

    client: str
    at: int
    route: str = ROUTE
    service: str = "shop"
    error: int = 0


def now() -> int:
    return time.time_ns() // 1_000_000


def times(client: str, count: int, route: str = ROUTE, *, at: int | None = None, **more: Any) -> list[Failure]:
    """So many failures of a client, a millisecond apart, the last one now or at a time."""
    last = now() if at is None else at
    return [Failure(client, last - place, route, **more) for place in reversed(range(count))]


def columns(failures: Iterable[Failure]) -> Columns:
    names: dict[tuple[str, str], int] = {}

    def place(service: str, text: str) -> int:
        return names.setdefault((service, text), len(names))

    rows = [
        (place(one.service, one.route), place(one.service, one.client), place(one.service, "ada"), one.at, one.error)
        for one in failures
    ]
    name, client, user, at, error = (np.array(column) for column in zip(*rows, strict=True))
    trace = np.full(len(rows), place("shop", "0af7651916cd43dd8448eb211c80319c"))
    values = {"client": client, "user": user, "trace": trace, "code": np.full(len(rows), 500), "high": error * 0}
    return Columns(list(names), name, at.astype(np.int64), {**values, "low": error})


def scope(shard: int = 0, at: int | None = None) -> Scope:
    connection = connections[router.db_for_write(ErrorTally)]
    return Scope(connection, shard, "facts", now() if at is None else at, 10_000, 10_000, 2_000)


def count(failures: Iterable[Failure], shard: int = 0, at: int | None = None) -> Scope:
    """Count failures as one drain."""
    where = scope(shard, at)
    writes = consume({"server_error": columns(failures)}, {}, where)
    with transaction.atomic(using=where.connection.alias):
        for write in writes:
            write()
    return where
