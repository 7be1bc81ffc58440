"""Count server errors within a drain: each once, as intake is, in as many statements for a million of them as for one.

The rows carry the shard whose drain alone writes them, so they are read, merged in memory, and written as absolute
values. However many clients there are, a shard has so many rows and no more; what is left out is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.storage import bulk
from monitoring.storage.folding import Columns, Fact, Scope, Write

from . import room
from .fold import NOT_COUNTED, fold
from .models import ErrorTally
from .tally import Key, Tally, Window, current_window, pack_buckets, pack_samples, pack_times, unpack

DUE = "protection"
"""What becomes due where a limit may have been crossed."""
MOST_ROWS = 50_000
"""Rows of one shard; beyond them, clients with few errors are forgotten."""
_COLUMNS = ("client", "service", "route", "shard", "seen", "recent", "buckets", "samples")


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Count what lies within the window."""
    columns = measures.get("server_error")
    if columns is None:
        return []
    window = current_window()
    columns = columns.where(columns.at > scope.now - window.milliseconds)
    if not len(columns.name):
        return []
    counted = fold(columns, window, scope)
    return [lambda: _write(counted, window, scope)]


def _write(counted: dict[Key, Tally], window: Window, scope: Scope) -> None:
    """Add tallies to those that are stored, inside of the drain's transaction."""
    keys = list(counted)
    wanted = {
        "client": [key[0] for key in keys],
        "service": [key[1] for key in keys],
        "route": [key[2] for key in keys],
    }
    others: dict[Key, int] = {}
    mine: dict[Key, Tally] = {}
    for client, service, route, shard, seen, *packed in bulk.fetch(scope.connection, ErrorTally, wanted, _COLUMNS):
        key = (client, service, route)
        if shard == scope.shard:
            mine[key] = unpack(*packed)
        else:
            others[key] = others.get(key, 0) + seen
    merged: dict[Key, Tally] = {}
    for key in _bounded(counted, mine, scope):
        merged[key] = counted[key]
        if key in mine:
            merged[key] = mine[key]
            merged[key].add(counted[key], window)
    _put(merged, scope)
    if any(tally.seen + others.get(key, 0) > window.limit for key, tally in merged.items() if not (key[0] and key[2])):
        scope.due.add(DUE)


def _bounded(counted: dict[Key, Tally], mine: dict[Key, Tally], scope: Scope) -> list[Key]:
    """Return the keys that may have a row, in their order: those that have one, then routes, then who failed most."""
    new = [key for key in counted if key not in mine]
    if new:
        free = max(0, room.make(len(new), MOST_ROWS, {key[0] for key in counted if key[0]}, scope))
        if len(new) > free:
            new.sort(key=lambda key: (bool(key[0]), -counted[key].seen, key))
            scope.noted[NOT_COUNTED] += sum(counted[key].seen for key in new[free:] if key[0] and not key[2])
            new = new[:free]
    return sorted([*new, *(key for key in counted if key in mine)])


def _put(tallies: dict[Key, Tally], scope: Scope) -> None:
    rows: dict[str, list[Any]] = {
        "client": [key[0] for key in tallies],
        "service": [key[1] for key in tallies],
        "route": [key[2] for key in tallies],
        "shard": [scope.shard] * len(tallies),
        "last": [tally.last for tally in tallies.values()],
        "seen": [tally.seen for tally in tallies.values()],
        "recent": [pack_times(tally.recent) for tally in tallies.values()],
        "buckets": [pack_buckets(tally.buckets) for tally in tallies.values()],
        "samples": [pack_samples(tally.samples) for tally in tallies.values()],
    }
    bulk.put(scope.connection, ErrorTally, rows)
