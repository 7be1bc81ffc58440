"""Turn facts of scheduled runs into rows. The facts of one run come from several processes, in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import ScheduledRun

_TABLE = ScheduledRun._meta.db_table
_STATES = frozenset({"PUBLISHED", "STARTED", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "IGNORED", "REJECTED"})
_MAX_RANK = 2**20
_LATEST = 10**14
_NANOSECONDS_PER_MILLISECOND = 1_000_000

# A later state replaces an earlier one, whichever of them arrives first. The first start counts, and the last end.
_MERGE = f"""
INSERT INTO "{_TABLE}" (task_id, entry, task, queue, origin, worker, slot, published, started, ended, state, rank, open)
VALUES (%s, %s, %s, %s, %s, %s, NULL, %s, %s, %s, %s, %s, %s)
ON CONFLICT (task_id) DO UPDATE SET
  task = CASE WHEN "{_TABLE}".task = '' THEN excluded.task ELSE "{_TABLE}".task END,
  queue = CASE WHEN "{_TABLE}".queue = '' THEN excluded.queue ELSE "{_TABLE}".queue END,
  origin = CASE WHEN "{_TABLE}".origin = '' THEN excluded.origin ELSE "{_TABLE}".origin END,
  worker = CASE WHEN excluded.rank >= "{_TABLE}".rank THEN excluded.worker ELSE "{_TABLE}".worker END,
  published = CASE WHEN excluded.published < "{_TABLE}".published THEN excluded.published
                   ELSE "{_TABLE}".published END,
  started = CASE WHEN "{_TABLE}".started IS NULL OR excluded.started < "{_TABLE}".started THEN excluded.started
                 ELSE "{_TABLE}".started END,
  ended = CASE WHEN "{_TABLE}".ended IS NULL OR excluded.ended > "{_TABLE}".ended THEN excluded.ended
               ELSE "{_TABLE}".ended END,
  state = CASE WHEN excluded.rank > "{_TABLE}".rank THEN excluded.state ELSE "{_TABLE}".state END,
  open = CASE WHEN excluded.rank > "{_TABLE}".rank THEN excluded.open ELSE "{_TABLE}".open END,
  rank = CASE WHEN excluded.rank > "{_TABLE}".rank THEN excluded.rank ELSE "{_TABLE}".rank END
"""  # noqa: S608  # only our own table's name is put in


def consume(_measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Store what happened to runs of entries."""
    rows = [row for fact in facts.get("scheduled", ()) if (row := _row(fact)) is not None]
    rows.sort(key=lambda row: row[0])  # one order for all who write at the same time
    return [lambda: _store(rows, scope)] if rows else []


def _store(rows: Sequence[tuple[Any, ...]], scope: Scope) -> None:
    with scope.connection.cursor() as cursor:
        cursor.executemany(_MERGE, rows)


def _row(fact: Fact) -> tuple[Any, ...] | None:
    """Return the values of a row; None for a fact that does not even say whose it is."""
    values = fact.values
    task_id, entry, state = _text(values, "id"), _text(values, "entry"), _text(values, "state")
    rank = values.get("rank")
    if not (task_id and entry and state in _STATES and type(rank) is int and 0 <= rank < _MAX_RANK):
        return None
    started = _time(values.get("started"))
    ended = fact.at if state not in ("PUBLISHED", "STARTED") else None
    published = _time(values.get("published")) or started or fact.at
    texts = (_text(values, "task"), _text(values, "queue"), _text(values, "origin"), _text(values, "worker"))
    return task_id, entry, *texts, published, started, ended, state, rank, rank > 0


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value[:200] if isinstance(value, str) else ""


def _time(nanoseconds: Any) -> int | None:
    """Return milliseconds since the epoch; None for no time, or an impossible one."""
    if type(nanoseconds) is not int or not 0 < nanoseconds < _LATEST * _NANOSECONDS_PER_MILLISECOND:
        return None
    return nanoseconds // _NANOSECONDS_PER_MILLISECOND
