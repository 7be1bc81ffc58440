"""Count what clients did within a drain: each thing once, as intake is, in rows that this shard alone writes.

However many clients there are, a minute of a shard has so many rows and no more; those with the most keep theirs, and
what is left out is counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from monitoring.recording.visits import what_hash
from monitoring.storage import bulk
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .distinct import Distinct, pack, unpack
from .folding import Tried, Visited, fold_tried, fold_visits, network_of
from .kinds import WINDOW_MINUTES
from .models import PatternHit, TriedMinute, VisitMinute

DUE = "security"
"""What becomes due where there may be something to find."""
MOST_ROWS = 5_000
"""Rows that a shard has of one minute, of each table."""
NOT_COUNTED = "security_clients_not_counted"
"""The note of clients whose visits did not fit."""
NOT_TOLD_APART = "security_tried_not_counted"
"""The note of what was tried and did not fit."""
_ALWAYS = 20
"""Who asks for so much has a row although it is one too many, while there are no more than twice as many."""
_PATTERN = "pattern."
_MAX_EXAMPLE = 250
_MOST_STATUS = 1_000


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Count visits and what was tried, and keep the patterns that were seen, as far as they lie within the window."""
    since = scope.now - WINDOW_MINUTES * 60_000
    writes: list[Write] = []
    visits, tried = measures.get("visit"), measures.get("tried")
    if visits is not None and (visited := fold_visits(visits.where(visits.at > since))):
        writes.append(lambda: _write_visits(visited, scope))
    if tried is not None and (targets := fold_tried(tried.where(tried.at > since))):
        writes.append(lambda: _write_tried(targets, scope))
    hits = [fact for fact in facts.get("entry", ()) if _is_hit(fact) and fact.at > since]
    if hits:
        writes.append(lambda: _write_hits(hits, scope))
    return writes


def _write_visits(visited: Visited, scope: Scope) -> None:
    keys = sorted(visited)
    wanted: dict[str, list[Any]] = {
        "minute": [minute for minute, _ in keys],
        "client": [client for _, client in keys],
        "shard": [scope.shard] * len(keys),
    }
    columns = (*wanted, "requests", "missing", "denied")
    stored = {row[:2]: row[3:] for row in bulk.fetch(scope.connection, VisitMinute, wanted, columns)}
    new = sorted((key for key in keys if key not in stored), key=lambda key: -visited[key][0])
    kept = [*_fitting(VisitMinute, new, lambda key: visited[key][0], NOT_COUNTED, scope), *stored]
    kept.sort()
    counts = [[a + b for a, b in zip(visited[key], stored.get(key, (0, 0, 0)), strict=True)] for key in kept]
    rows: dict[str, list[Any]] = {
        "minute": [minute for minute, _ in kept],
        "client": [client for _, client in kept],
        "shard": [scope.shard] * len(kept),
        "requests": [one[0] for one in counts],
        "missing": [one[1] for one in counts],
        "denied": [one[2] for one in counts],
    }
    bulk.put(scope.connection, VisitMinute, rows)


def _write_tried(tried: Tried, scope: Scope) -> None:
    keys = sorted(tried)
    wanted: dict[str, list[Any]] = {
        "minute": [key[0] for key in keys],
        "of": [key[1] for key in keys],
        "by": [key[2] for key in keys],
        "subject": [key[3] for key in keys],
        "shard": [scope.shard] * len(keys),
    }
    columns = (*wanted, "count", "distinct", "examples")
    stored: dict[Any, Distinct] = {}
    for row in bulk.fetch(scope.connection, TriedMinute, wanted, columns):
        stored[row[:4]] = unpack(row[5], bytes(row[6]), row[7])
    new = sorted((key for key in keys if key not in stored), key=lambda key: -len(tried[key]))
    kept = [*_fitting(TriedMinute, new, lambda key: len(tried[key]), NOT_TOLD_APART, scope), *stored]
    kept.sort()
    for key in kept:
        if key in stored:
            stored[key].add(tried[key])
    merged = [stored.get(key, tried[key]) for key in kept]
    rows: dict[str, list[Any]] = {
        "minute": [key[0] for key in kept],
        "of": [key[1] for key in kept],
        "by": [key[2] for key in kept],
        "subject": [key[3] for key in kept],
        "shard": [scope.shard] * len(kept),
        "count": [one.count for one in merged],
        "distinct": [pack(one.hashes) for one in merged],
        "examples": [json.dumps(one.examples) for one in merged],
    }
    bulk.put(scope.connection, TriedMinute, rows)


def _fitting(model: type[Any], new: Sequence[Any], size: Any, note: str, scope: Scope) -> list[Any]:
    """Return which of the new keys get a row, the greatest first; the others are counted."""
    rows = model.objects.using(scope.connection.alias).filter(shard=scope.shard)
    used: dict[int, int] = {minute: rows.filter(minute=minute).count() for minute in {key[0] for key in new}}
    kept = []
    for key in new:
        most = 2 * MOST_ROWS if size(key) >= _ALWAYS else MOST_ROWS
        if used[key[0]] < most:
            used[key[0]] += 1
            kept.append(key)
    scope.noted[note] += len(new) - len(kept)
    return kept


def _is_hit(fact: Fact) -> bool:
    values = fact.values
    return values.get("stream") == "security" and str(values.get("action", "")).startswith(_PATTERN)


def _write_hits(hits: Sequence[Fact], scope: Scope) -> None:
    found = [row for fact in hits if (row := _hit(fact)) is not None]
    rows = PatternHit.objects.using(scope.connection.alias)
    rows.bulk_create(sorted(found, key=lambda row: row.pk), 500, ignore_conflicts=True)
    if found:
        scope.due.add(DUE)


def _hit(fact: Fact) -> PatternHit | None:
    """Read a hit; None for what is none, whoever sent it."""
    values = fact.values
    try:
        entry_id, told, client = UUID(str(values["id"])), values["values"]["details"], values["values"]["client"]
        weight, status = float(told["weight"]), int(told["status"])
        path, name, where, fragment = (str(told[key]) for key in ("path", "pattern", "where", "fragment"))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None
    client = network_of(str(client))
    if not client or not 0 <= weight <= 1 or not 0 <= status < _MOST_STATUS:
        return None
    # A tool says its name with every request, and nothing new by that.
    what = what_hash(f"{name} {fragment}" if where == "agent" else f"{name} {path} {fragment}")
    example = f"{name} in the {where} of {path}: {fragment}"
    return PatternHit(
        entry_id=entry_id,
        at=datetime.fromtimestamp(fact.at / 1000, UTC),
        client=client,
        pattern=str(values["action"])[len(_PATTERN) :][:40],
        weight=weight,
        what=what,
        status=status,
        example=example.replace("\0", "")[:_MAX_EXAMPLE],
    )
