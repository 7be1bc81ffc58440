"""Turn requests and task events into totals by label set: what Prometheus shows as labelled counters and histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.recording.events import UNKNOWN_DURATION, TaskState
from monitoring.storage import bulk, names
from monitoring.storage.folding import Columns, Scope, Write

from . import labels
from .classic import MAX_TOTAL, Array, Growth, fold
from .models import LabelledTotal

_LABELS = ("label_1", "label_2", "label_3", "label_4")
_KEYS = ("family", "source", *_LABELS)
_ENDED = {
    TaskState.SUCCESS: labels.SUCCEEDED,
    TaskState.FAILURE: labels.FAILED,
    TaskState.RETRY: labels.RETRIED,
    TaskState.REVOKED: labels.REVOKED,
    TaskState.REJECTED: labels.REJECTED,
}
_EXECUTED = (TaskState.SUCCESS, TaskState.FAILURE, TaskState.RETRY)
_MAX_STATUS = 999


def consume(measures: Mapping[str, Columns], scope: Scope) -> list[Write]:
    """Fold everything that is shown by labels."""
    writes: list[Write] = []
    if columns := measures.get("request"):
        writes += _requests(columns, scope)
    for family in (labels.SENT, labels.RECEIVED):
        if columns := measures.get(family):
            writes += _add(family, fold(_task_labels(columns, scope, slice(None))), scope)
    if columns := measures.get("task"):
        writes += _ended(columns, scope)
    return writes + _started(measures.get("started"), measures.get("task"), scope)


def _started(open_ones: Columns | None, ended: Columns | None, scope: Scope) -> list[Write]:
    """Count executions that began: those that are told of while they run, and those whose end tells of it first."""
    found = []
    if open_ones is not None:
        found.append(_task_labels(open_ones, scope, slice(None)))
    if ended is not None and (first := ended.values["id"] == "").any():
        found.append(_task_labels(ended, scope, first))
    return (
        _add(labels.STARTED, fold([np.concatenate(part) for part in zip(*found, strict=True)]), scope) if found else []
    )


def _requests(columns: Columns, scope: Scope) -> list[Write]:
    timed = columns.values["duration"] != UNKNOWN_DURATION
    if not timed.any():
        return []
    name, duration = columns.name[timed], columns.values["duration"][timed]
    status = np.minimum(columns.values["status"][timed], _MAX_STATUS)
    title = _numbers(labels.ROUTE, columns, name, scope)
    writes = _add(labels.REQUEST, fold([title, status], duration, labels.HTTP_SECONDS), scope)
    is_api = np.array([bool(labels.endpoint(title.partition(" ")[2])) for _, title in columns.names])[name]
    if is_api.any():
        growth = fold([np.zeros(int(is_api.sum()), np.int64)], duration[is_api], labels.HTTP_SECONDS)
        writes += _add(labels.API, growth, scope)
    return writes


def _ended(columns: Columns, scope: Scope) -> list[Write]:
    writes: list[Write] = []
    state, duration, wait = (columns.values[title] for title in ("state", "duration", "wait"))
    for code, family in _ENDED.items():
        mine = state == code
        if mine.any():
            keys = _task_labels(columns, scope, mine)
            if code is TaskState.FAILURE:
                keys = [*keys, _numbers(labels.EXCEPTION, columns, columns.values["exception"][mine], scope)]
            writes += _add(family, fold(keys), scope)
    timed = (state == TaskState.SUCCESS) & (duration != UNKNOWN_DURATION)
    waited = np.isin(state, _EXECUTED) & (wait != UNKNOWN_DURATION)
    for family, mine, seconds in ((labels.RUNTIME, timed, duration), (labels.QUEUE_WAIT, waited, wait)):
        if mine.any():
            growth = fold(_task_labels(columns, scope, mine), seconds[mine], labels.TASK_SECONDS)
            writes += _add(family, growth, scope)
    return writes


def _task_labels(columns: Columns, scope: Scope, mine: Array | slice) -> list[Array]:
    """Return task, node and queue of some of the events, as numbers of names."""
    worker, queue = columns.values["worker"], columns.values["queue"]
    values = {labels.TASK: columns.name, labels.WORKER: worker, labels.QUEUE: queue}
    return [_numbers(kind, columns, positions[mine], scope) for kind, positions in values.items()]


def _numbers(kind: str, columns: Columns, positions: Array, scope: Scope) -> Array:
    """Turn positions among the events' names into numbers of stored names."""
    used = np.unique(positions)
    titles = {p: (kind, *columns.names[p]) for p in used.tolist() if columns.names[p][1]}
    ids, folded = names.intern(scope.connection, titles.values(), scope.names_in_all)
    scope.noted["names_folded"] += folded
    number = np.zeros(len(columns.names), np.int64)
    for position, title in titles.items():
        number[position] = ids[title]
    return number[positions]


def _add(family: str, growth: Growth, scope: Scope) -> list[Write]:
    """Add growth to the stored label sets, and return what writes the sums."""
    source = f"{scope.shard}:{scope.lane}"
    listed = [column.tolist() for column in growth.labels]
    padded = listed + [[LabelledTotal.EMPTY] * len(growth.count)] * (len(_LABELS) - len(listed))
    keys: list[tuple[int, ...]] = list(zip(*padded, strict=True))
    stored = _stored(family, source, keys, scope)
    keys = _limited(family, source, keys, stored, scope)
    if others := {key for key in keys if LabelledTotal.OTHER in key} - stored.keys():
        stored |= _stored(family, source, sorted(others), scope)
    width = growth.buckets.shape[1] if growth.buckets is not None else 0
    rows: dict[tuple[int, ...], tuple[int, int, Array]] = {
        key: (count, total, np.frombuffer(bytes(blob), "<i8")) for key, (count, total, blob) in stored.items()
    }
    changed = dict.fromkeys(keys)
    for at, key in enumerate(keys):
        count, total, buckets = rows.get(key, (0, 0, np.zeros(width, np.int64)))
        more = growth.buckets[at] if growth.buckets is not None else buckets
        total = min(total + int(growth.total[at]), MAX_TOTAL)
        rows[key] = (count + int(growth.count[at]), total, buckets + more)
    columns = dict(zip(_LABELS, map(list, zip(*changed, strict=True)), strict=True))
    written = {
        "family": [family] * len(changed),
        "source": [source] * len(changed),
        **columns,
        "count": [rows[key][0] for key in changed],
        "total": [rows[key][1] for key in changed],
        "buckets": [rows[key][2].astype("<i8").tobytes() for key in changed],
        "seen": [scope.now // 60_000] * len(changed),
    }
    return [lambda: bulk.put(scope.connection, LabelledTotal, written)]


def _stored(
    family: str, source: str, keys: Sequence[tuple[int, ...]], scope: Scope
) -> dict[tuple[int, ...], tuple[int, int, bytes]]:
    wanted = {"family": [family] * len(keys), "source": [source] * len(keys)}
    wanted |= dict(zip(_LABELS, map(list, zip(*keys, strict=True)), strict=True))
    found = bulk.fetch(scope.connection, LabelledTotal, wanted, [*_KEYS, "count", "total", "buckets"])
    return {tuple(row[2:6]): (row[6], row[7], row[8]) for row in found}


def _limited(
    family: str, source: str, keys: list[tuple[int, ...]], stored: Mapping[tuple[int, ...], object], scope: Scope
) -> list[tuple[int, ...]]:
    """Fold label sets beyond the limit into one: those that are stored keep their row, then first come."""
    fresh = [key for key in keys if key not in stored]
    if not fresh:
        return keys
    rows = LabelledTotal.objects.using(scope.connection.alias).filter(family=family, source=source)
    room = max(0, scope.label_sets - rows.count())
    beyond = set(fresh[room:])
    scope.noted["label_sets_folded"] += len(beyond)
    return [_other(family, key) if key in beyond else key for key in keys]


def _other(family: str, key: tuple[int, ...]) -> tuple[int, ...]:
    """Return the label set that stands for those beyond the limit; of requests it keeps the status."""
    if family == labels.REQUEST:
        return (LabelledTotal.OTHER, key[1], LabelledTotal.EMPTY, LabelledTotal.EMPTY)
    return tuple(LabelledTotal.OTHER if label else LabelledTotal.EMPTY for label in key)
