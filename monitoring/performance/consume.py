"""Turn folded durations into rows: minute rollups and totals, merged with what is stored, written as absolute values.

Reading happens before the drain's transaction; its compare-and-set makes sure that nothing changed in between.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from django.db.models import Count

from monitoring.recording import facets
from monitoring.recording.events import MAX_DURATION, UNKNOWN_DURATION
from monitoring.storage import bulk, names, partitions
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .dirty import mark_dirty
from .fold import Array, Rows, fold, merge, read_stored, regroup
from .models import DirtyPeriod, DurationTotal, MinuteRollup, SlowSample

_FAILED_STATE = 1
_EXECUTED_STATES = (0, 1, 2)
_SERVER_ERROR = 500
_VALUES = ("count", "errors", "total", "minimum", "maximum", "buckets")


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Fold everything that has a duration, and keep slow samples."""
    writes: list[Write] = []
    hours: set[int] = set()
    if columns := measures.get("request"):
        columns = columns.where(columns.values["only"] & facets.FOR != facets.EXCEPT_PERFORMANCE)
        failed = (columns.values["status"] >= _SERVER_ERROR) | (columns.values["only"] & facets.FAILED > 0)
        writes += durations("request", columns, columns.values["duration"], failed, scope, hours)
    if columns := measures.get("operation"):
        failed = columns.values["failed"] > 0
        writes += durations("operation", columns, columns.values["duration"], failed, scope, hours)
    if columns := measures.get("task"):
        writes += _tasks(columns, scope, hours)
    if hours:  # all at once: shards share these rows, and lock them in one order
        writes.append(lambda: mark_dirty(scope.connection, DirtyPeriod.HOUR, hours))
    if samples := [_sample(fact) for fact in facts.get("slow", ())]:
        writes.append(lambda: _create(samples, scope))
    return writes


def _tasks(columns: Columns, scope: Scope, hours: set[int]) -> list[Write]:
    """Fold executions of tasks into their runtimes (`task`) and their waits in the queue (`wait`)."""
    state = columns.values["state"]
    executed = np.isin(state, _EXECUTED_STATES)
    ran = Columns(columns.names, columns.name[executed], columns.at[executed], {})
    failed = state[executed] == _FAILED_STATE
    writes = durations("task", ran, columns.values["duration"][executed], failed, scope, hours)
    waited = columns.values["wait"][executed]
    known = waited != UNKNOWN_DURATION
    started = Columns(ran.names, ran.name[known], ran.at[known], {})
    failed = np.zeros(int(known.sum()), np.bool_)
    return writes + durations("wait", started, waited[known], failed, scope, hours)


def durations(
    kind: str, columns: Columns, nanoseconds: Array, failed: Array, scope: Scope, hours: set[int]
) -> list[Write]:
    """Fold one kind of durations into minute rows and totals.

    Args:
        kind: What the rows are about.
        columns: Names and times of the events.
        nanoseconds: Their durations.
        failed: Which of them count as errors.
        scope: Where and when.
        hours: Takes the beginnings, in epoch minutes, of the hours that change.

    Returns:
        What to do inside of the drain's transaction.
    """
    if not len(columns.name):
        return []
    nanoseconds = _clamp(nanoseconds, scope)
    minute = columns.at // 60_000
    first = int(minute.min())
    width = int(minute.max()) - first + 1
    rows = fold(columns.name.astype(np.int64) * width + (minute - first), nanoseconds, failed)
    position, start = rows.keys // width, rows.keys % width + first
    titles = [(kind, service, name) for service, name in columns.names]
    position = _limit(titles, position, start, scope)
    used = {titles[p] for p in np.unique(position).tolist()}
    ids, folded = names.intern(scope.connection, used, scope.names_in_all)
    scope.noted["names_folded"] += folded
    name_id = np.array([ids.get(title, 0) for title in titles], np.int64)[position]
    rows = regroup(rows, name_id * width + (start - first))
    name_id, start = rows.keys // width, rows.keys % width + first
    partitions.ensure(scope.connection, MinuteRollup, np.unique(start).tolist())
    totals = regroup(rows, name_id)
    hours.update(np.unique(start // 60 * 60).tolist())
    minute_keys = {"name_id": name_id, "start": start, "shard": np.full(len(start), scope.shard)}
    total_keys = {"name_id": totals.keys, "shard": np.full(len(totals.keys), scope.shard)}
    return [
        _write(MinuteRollup, minute_keys, rows, scope),
        _write(DurationTotal, total_keys, totals, scope),
    ]


def _clamp(nanoseconds: Array, scope: Scope) -> Array:
    over = (nanoseconds > MAX_DURATION) & (nanoseconds != UNKNOWN_DURATION)
    if not over.any():
        return nanoseconds
    scope.noted["durations_clamped"] += int(over.sum())
    return np.where(over, np.uint64(MAX_DURATION), nanoseconds)


def _limit(titles: list[names.Key], position: Array, start: Array, scope: Scope) -> Array:
    """Fold names beyond the limit of a minute into `<other>`: those that have a row keep it, then first come.

    Returns:
        For each row the position of its name in `titles`, to which the `<other>`s are appended.
    """
    minutes, counts = np.unique(start, return_counts=True)
    used = _names_used(scope, minutes.tolist())
    crowded = [
        m for m, n in zip(minutes.tolist(), counts.tolist(), strict=True) if used[m] + n > scope.names_per_minute
    ]
    if not crowded:
        return position
    used = _names_used(scope, crowded, titles[0][0])  # counted again, of this kind alone
    position = position.copy()
    known = names.lookup(scope.connection, titles)
    others: dict[names.Key, int] = {}
    for minute in crowded:
        mine = np.flatnonzero(start == minute)
        stored = _stored_names(scope, minute, [known[titles[p]] for p in position[mine] if titles[p] in known])
        fresh = [row for row in mine.tolist() if known.get(titles[position[row]]) not in stored]
        for row in fresh[max(0, scope.names_per_minute - used[minute]) :]:
            kind, service, _ = titles[position[row]]
            other = (kind, service, names.OTHER)
            if other not in others:
                others[other] = len(titles)
                titles.append(other)
            position[row] = others[other]
            scope.noted["names_folded"] += 1
    return position


def _names_used(scope: Scope, minutes: list[int], kind: str = "") -> Counter[int]:
    """Count the rows of some minutes, of one kind of names or, which is cheaper, of all."""
    rows = MinuteRollup.objects.using(scope.connection.alias).filter(shard=scope.shard, start__in=minutes)
    if kind:
        rows = rows.filter(name_id__in=names.Name.objects.filter(kind=kind).values("pk"))
    counted = rows.order_by().values_list("start").annotate(names=Count("name_id"))
    return Counter(dict(counted))


def _stored_names(scope: Scope, minute: int, ids: list[int]) -> set[int]:
    keys = {"name_id": ids, "start": [minute] * len(ids), "shard": [scope.shard] * len(ids)}
    return {row[0] for row in bulk.fetch(scope.connection, MinuteRollup, keys, list(keys))}


def _write(model: type[MinuteRollup | DurationTotal], keys: dict[str, Array], rows: Rows, scope: Scope) -> Write:
    """Merge folded rows with the stored ones, and return what writes them."""
    listed = {column: values.tolist() for column, values in keys.items()}
    key_of = {key: row for row, key in enumerate(zip(*listed.values(), strict=True))}
    found = bulk.fetch(scope.connection, model, listed, [*listed, *_VALUES])
    if found:
        width = len(listed)
        positions = np.array([key_of[row[:width]] for row in found], np.int64)
        rows = merge(rows, positions, read_stored([row[width:] for row in found]))
    columns = listed | {
        "count": rows.count.tolist(),
        "errors": rows.errors.tolist(),
        "total": rows.total.tolist(),
        "minimum": rows.minimum.tolist(),
        "maximum": rows.maximum.tolist(),
        "buckets": rows.packed(),
    }
    return lambda: bulk.put(scope.connection, model, columns)


def _create(samples: list[SlowSample], scope: Scope) -> None:
    SlowSample.objects.using(scope.connection.alias).bulk_create(samples, batch_size=500)


def _sample(fact: Fact) -> SlowSample:
    values = fact.values
    context = values.get("context")
    context = context if isinstance(context, dict) else {}
    told = {key: fact.origin[key][:200] for key in ("release", "environment") if fact.origin.get(key)}
    duration = values.get("duration")
    return SlowSample(
        id=uuid.uuid4(),
        at=datetime.fromtimestamp(fact.at / 1000, UTC),
        kind=str(values.get("of", ""))[:20],
        service=fact.service,
        name=str(values.get("name", ""))[:200],
        duration=duration / 1e9 if isinstance(duration, int) else 0.0,
        trace_id=str(context.get("trace_id", ""))[:32],
        context=context | told,
    )
