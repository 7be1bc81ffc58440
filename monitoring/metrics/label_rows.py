"""Add growth to the stored label sets: one statement reads the rows of all families, one writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from django.db.models import Count

from monitoring.storage import bulk
from monitoring.storage.folding import Scope, Write

from . import labels
from .classic import MAX_TOTAL, Array, Growth
from .models import LabelledTotal
from .numbering import PROVISIONAL, Numbering

_LABELS = ("label_1", "label_2", "label_3", "label_4")
_VALUES = ("count", "total", "buckets")
Key = tuple[str, int, int, int, int]
"""Family and labels."""
Stored = dict[Key, tuple[int, int, bytes]]
"""Count, total and buckets of rows."""


def add(grown: Mapping[str, Growth], numbering: Numbering, scope: Scope) -> list[Write]:
    """Add growth to what is stored.

    Args:
        grown: How much each family grew.
        numbering: What the numbers of its labels stand for.
        scope: Where.

    Returns:
        What writes the sums.
    """
    keys = {family: _keys(family, growth) for family, growth in grown.items() if len(growth.count)}
    if not keys:
        return []
    stored = _fetch((key for listed in keys.values() for key in listed if not _is_new(key)), scope)
    limited = _limited(keys, stored, scope)
    keys = _named(limited, numbering)
    stored |= _fetch({key for listed in keys.values() for key in listed} - stored.keys(), scope)
    rows: dict[str, list[Any]] = {column: [] for column in ("family", *_LABELS, *_VALUES)}
    for family, listed in keys.items():
        for column, values in _sums(listed, grown[family], stored).items():
            rows[column] += values
    size = len(rows["family"])
    rows |= {"source": [_source(scope)] * size, "seen": [scope.now // 60_000] * size}
    return [lambda: bulk.put(scope.connection, LabelledTotal, rows)]


def _source(scope: Scope) -> str:
    return f"{scope.shard}:{scope.lane}"


def _keys(family: str, growth: Growth) -> list[Key]:
    columns = [column.tolist() for column in growth.labels]
    columns += [[LabelledTotal.EMPTY] * len(growth.count)] * (len(_LABELS) - len(columns))
    return [(family, *key) for key in zip(*columns, strict=True)]


def _fetch(keys: Iterable[Key], scope: Scope) -> Stored:
    listed = list(keys)
    if not listed:
        return {}
    wanted = dict(zip(("family", *_LABELS), map(list, zip(*listed, strict=True)), strict=True))
    wanted["source"] = [_source(scope)] * len(listed)
    found = bulk.fetch(scope.connection, LabelledTotal, wanted, [*wanted, *_VALUES])
    return {row[:5]: row[6:] for row in found}


def _limited(keys: Mapping[str, list[Key]], stored: Stored, scope: Scope) -> dict[str, list[Key]]:
    """Fold label sets beyond the limit into one: those that are stored keep their row, then first come."""
    fresh = {family: [key for key in listed if key not in stored] for family, listed in keys.items()}
    growing = [family for family, new in fresh.items() if new]
    if not growing:
        return dict(keys)
    rows = LabelledTotal.objects.using(scope.connection.alias).filter(family__in=growing, source=_source(scope))
    used = Counter(dict(rows.order_by().values_list("family").annotate(rows=Count("label_1"))))
    beyond = {key for family in growing for key in fresh[family][max(0, scope.label_sets - used[family]) :]}
    scope.noted["label_sets_folded"] += len(beyond)
    return {family: [_other(key) if key in beyond else key for key in listed] for family, listed in keys.items()}


def _is_new(key: Key) -> bool:
    """Say whether a label set holds a name that is not stored."""
    return max(key[1:]) >= PROVISIONAL


def _named(keys: Mapping[str, list[Key]], numbering: Numbering) -> dict[str, list[Key]]:
    """Store the new names of those label sets that get a row, and put in their numbers."""
    new = {number for listed in keys.values() for key in listed if _is_new(key) for number in key[1:]}
    ids = numbering.store(sorted(number for number in new if number >= PROVISIONAL))

    def named(key: Key) -> Key:
        family, one, two, three, four = key
        return (family, ids.get(one, one), ids.get(two, two), ids.get(three, three), ids.get(four, four))

    return {family: [named(key) if _is_new(key) else key for key in listed] for family, listed in keys.items()}


def _other(key: Key) -> Key:
    """Return the label set that stands for those beyond the limit; of requests it keeps the status."""
    family, *values = key
    if family == labels.REQUEST:
        return (family, LabelledTotal.OTHER, values[1], LabelledTotal.EMPTY, LabelledTotal.EMPTY)
    one, two, three, four = (LabelledTotal.OTHER if value else LabelledTotal.EMPTY for value in values)
    return (family, one, two, three, four)


def _sums(keys: list[Key], growth: Growth, stored: Stored) -> dict[str, list[Any]]:
    """Add one family's growth to its rows; several label sets may have become one."""
    place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    known = [(number, *stored[key]) for key, number in place.items() if key in stored]
    width = growth.buckets.shape[1] if growth.buckets is not None else 0
    grew = np.array([place[key] for key in keys], np.int64)
    had = np.array([row[0] for row in known], np.int64)
    count, total = np.zeros(len(place), np.int64), np.zeros(len(place))
    exact, buckets = np.zeros(len(place), np.int64), np.zeros((len(place), width), np.int64)
    for position, counts, totals, rows in (
        (grew, growth.count, growth.total, growth.buckets),
        (had, _column(known, 1), _column(known, 2), _buckets(known, width)),
    ):
        np.add.at(count, position, counts)
        np.add.at(exact, position, totals)
        np.add.at(total, position, totals)
        if rows is not None:
            np.add.at(buckets, position, rows)
    packed, size = buckets.astype("<i8").tobytes(), width * 8
    columns: dict[str, list[Any]] = dict(zip(("family", *_LABELS), map(list, zip(*place, strict=True)), strict=True))
    columns["count"] = count.tolist()
    columns["total"] = np.where(total >= MAX_TOTAL, np.int64(MAX_TOTAL), exact).tolist()
    columns["buckets"] = [packed[first * size : (first + 1) * size] for first in range(len(place))]
    return columns


def _column(known: list[tuple[int, int, int, bytes]], place: int) -> Array:
    return np.array([row[place] for row in known], np.int64)


def _buckets(known: list[tuple[int, int, int, bytes]], width: int) -> Array:
    return np.frombuffer(b"".join(bytes(row[3]) for row in known), "<i8").reshape(len(known), width)
