"""Fold events into label sets with classic, exact buckets. Pure functions over NumPy arrays; only intake calls them.

Prometheus' classic histograms have bounds that are part of a metric's meaning: alerts name them. So they are counted
exactly, beside the exponential buckets of the rollups, from which they could only be estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.recording.events import MAX_DURATION

Array = np.ndarray[Any, Any]

_DENSE = 4_000_000
MAX_TOTAL = 9_200_000_000_000_000_000
"""Largest sum of nanoseconds a row holds; larger sums stay at it."""


@dataclass(frozen=True)
class Growth:
    """How much label sets grew: one element for each of them.

    Attributes:
        labels: For each label the positions, codes or numbers of its values.
        count: How many events.
        total: Sum of their durations in nanoseconds; zeros where there are none.
        buckets: For each label set how many durations lie in each bucket, the last one unbounded; None without any.
    """

    labels: tuple[Array, ...]
    count: Array
    total: Array
    buckets: Array | None = None


def fold(labels: Sequence[Array], durations: Array | None = None, bounds: Sequence[float] = ()) -> Growth:
    """Count events by label set.

    Args:
        labels: For each label the values of all events, as non-negative integers.
        durations: Nanoseconds of all events; what is over 400 days counts as 400 days.
        bounds: Upper bounds of the buckets in seconds, ascending; a duration on a bound belongs to its bucket.
    """
    row = _rows(labels)
    size = int(row.max()) + 1 if len(row) else 0
    some = np.zeros(size, np.int64)
    some[row] = np.arange(len(row))
    distinct = tuple(column[some].astype(np.int64) for column in labels)
    count = np.bincount(row, minlength=size).astype(np.int64)
    if durations is None:
        return Growth(distinct, count, np.zeros(size, np.int64))
    durations = np.minimum(durations.astype(np.uint64), np.uint64(MAX_DURATION))
    edges = np.array([round(bound * 1e9) for bound in bounds], np.uint64)
    bucket = np.searchsorted(edges, durations, side="left")
    width = len(edges) + 1
    buckets = np.bincount(row * width + bucket, minlength=size * width).astype(np.int64).reshape(size, width)
    return Growth(distinct, count, _total(row, durations, size), buckets)


def _total(row: Array, durations: Array, size: int) -> Array:
    exact = np.zeros(size, np.int64)
    np.add.at(exact, row, durations.astype(np.int64))
    rough = np.bincount(row, weights=durations, minlength=size)
    return np.where(rough >= MAX_TOTAL, np.int64(MAX_TOTAL), exact)


def _rows(labels: Sequence[Array]) -> Array:
    """Number the label sets: for each event the number of its own, from 0 on without gaps."""
    row = _numbered(labels[0].astype(np.int64))
    for column in labels[1:]:
        if len(row):
            row = _numbered(row * (int(column.max()) + 1) + column.astype(np.int64))
    return row


def _numbered(keys: Array) -> Array:
    if not len(keys):
        return keys
    span = int(keys.max()) + 1
    if span > _DENSE:
        return np.unique(keys, return_inverse=True)[1].astype(np.int64)
    present = np.zeros(span, np.bool_)
    present[keys] = True
    return (np.cumsum(present) - 1)[keys]
