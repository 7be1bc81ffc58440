"""Fold columns of durations into rollup rows. Pure functions over NumPy arrays; only intake calls them.

NumPy lives here: nothing that runs in the monitored processes may import this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .buckets import MAX_TOTAL, PER_DOUBLING, ZERO, pack

Array = np.ndarray[Any, Any]

PAIR = np.dtype([("bucket", "<i2"), ("count", "<u4")])
_UNKNOWN = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_MAX_COUNT = 2**32 - 1
NO_MINIMUM, NO_MAXIMUM = np.int64(2**63 - 1), np.int64(-1)  # rows whose durations nobody measured
_DENSE = 4_000_000
_BUCKETS = 2**16


@dataclass
class Rows:
    """Rows of rollups as arrays: one element for each row.

    Attributes:
        keys: What each row is about; sorted, distinct.
        pair_row: For each bucket pair the position of its row, ascending.
        pair_bucket: For each bucket pair its bucket.
        pair_count: For each bucket pair its count.
    """

    keys: Array
    count: Array
    errors: Array
    total: Array
    minimum: Array
    maximum: Array
    pair_row: Array
    pair_bucket: Array
    pair_count: Array

    def packed(self) -> list[bytes]:
        """Return each row's buckets as they are stored."""
        if self.pair_count.size and self.pair_count.max() > _MAX_COUNT:
            return [self._pack_large(row) for row in range(len(self.keys))]
        pairs = np.empty(len(self.pair_row), PAIR)
        pairs["bucket"], pairs["count"] = self.pair_bucket, self.pair_count
        data = pairs.tobytes()
        ends = np.searchsorted(self.pair_row, np.arange(len(self.keys)), side="right") * PAIR.itemsize
        starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
        return [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def _pack_large(self, row: int) -> bytes:
        mine = self.pair_row == row
        return pack(dict(zip(self.pair_bucket[mine].tolist(), self.pair_count[mine].tolist(), strict=True)))


def fold(keys: Array, durations: Array, failed: Array) -> Rows:
    """Fold events into one row for each distinct key.

    Args:
        keys: For each event a non-negative integer that stands for its row.
        durations: For each event its nanoseconds as uint64, `UNKNOWN_DURATION` where nobody measured it.
        failed: For each event whether it counts as an error.
    """
    distinct, row = group(keys)
    size = len(distinct)
    known = durations != _UNKNOWN
    if known.all():
        known_row, measured = row, durations.astype(np.int64)
    else:
        known_row, measured = row[known], durations[known].astype(np.int64)
    minimum, maximum = np.full(size, NO_MINIMUM), np.full(size, NO_MAXIMUM)
    np.minimum.at(minimum, known_row, measured)
    np.maximum.at(maximum, known_row, measured)
    pairs = known_row.astype(np.int64) * _BUCKETS + (bucket_of(measured).astype(np.int64) - ZERO)
    pairs.sort()
    pair_keys, pair_count = _runs(pairs)
    return Rows(
        keys=distinct,
        count=np.bincount(row, minlength=size).astype(np.int64),
        errors=np.bincount(row[failed], minlength=size).astype(np.int64),
        total=_sum(size, known_row, measured),
        minimum=minimum,
        maximum=maximum,
        pair_row=pair_keys // _BUCKETS,
        pair_bucket=pair_keys % _BUCKETS + ZERO,
        pair_count=pair_count,
    )


def _sum(size: int, position: Array, values: Array) -> Array:
    """Add up nanoseconds by position; a sum too large for the database stays at the largest it can hold."""
    exact = np.zeros(size, np.int64)
    np.add.at(exact, position, values)
    rough = np.bincount(position, weights=values, minlength=size)
    return np.where(rough >= MAX_TOTAL, np.int64(MAX_TOTAL), exact)


def bucket_of(nanoseconds: Array) -> Array:
    """Return the bucket of each duration."""
    seconds = np.maximum(nanoseconds, 1) * 1e-9
    buckets = np.ceil(np.log2(seconds) * PER_DOUBLING)
    return np.where(nanoseconds <= 0, ZERO, buckets).astype(np.int16)


def group(keys: Array) -> tuple[Array, Array]:
    """Return the distinct keys, sorted, and for each key its position among them."""
    if not keys.size:
        return keys.astype(np.int64), np.zeros(0, np.int64)
    low = int(keys.min())
    span = int(keys.max()) - low + 1
    if span > _DENSE:
        distinct, row = np.unique(keys, return_inverse=True)
        return distinct, row
    shifted = keys - low
    present = np.zeros(span, np.bool_)
    present[shifted] = True
    found = np.flatnonzero(present)
    position = np.empty(span, np.int64)
    position[found] = np.arange(len(found))
    return found + low, position[shifted]


def _runs(ordered: Array) -> tuple[Array, Array]:
    """Return the distinct values of a sorted array, and how often each occurs."""
    if not ordered.size:
        return ordered, ordered
    edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return ordered[edges], np.diff(np.append(edges, len(ordered)))


def merge(rows: Rows, positions: Array, stored: Rows) -> Rows:
    """Add stored rows to folded ones.

    Args:
        rows: What was folded.
        positions: For each stored row the position in `rows` it belongs to.
        stored: What the database holds.
    """
    rows.count[positions] += stored.count
    rows.errors[positions] += stored.errors
    everywhere = np.concatenate((np.arange(len(rows.keys)), positions))
    rows.total = _sum(len(rows.keys), everywhere, np.concatenate((rows.total, stored.total)))
    np.minimum.at(rows.minimum, positions, stored.minimum)
    np.maximum.at(rows.maximum, positions, stored.maximum)
    _add_pairs(rows, positions[stored.pair_row], stored.pair_bucket, stored.pair_count)
    return rows


def _add_pairs(rows: Rows, pair_row: Array, bucket: Array, count: Array) -> None:
    keys = np.concatenate((rows.pair_row, pair_row)) * _BUCKETS
    keys += np.concatenate((rows.pair_bucket, bucket)) - ZERO
    distinct, position = np.unique(keys, return_inverse=True)
    summed = np.zeros(len(distinct), np.int64)
    np.add.at(summed, position, np.concatenate((rows.pair_count, count)))
    rows.pair_row, rows.pair_bucket, rows.pair_count = distinct // _BUCKETS, distinct % _BUCKETS + ZERO, summed


def read_stored(rows: list[tuple[Any, ...]]) -> Rows:
    """Turn stored rows of (count, errors, total, minimum, maximum, buckets) into arrays; keys are their positions."""
    blobs = [bytes(row[5]) for row in rows]
    pairs = np.frombuffer(b"".join(blobs), PAIR)
    lengths = np.array([len(blob) // PAIR.itemsize for blob in blobs], np.int64)
    numbers = np.array([row[:5] for row in rows], np.int64).reshape(len(rows), 5)
    return Rows(
        keys=np.arange(len(rows)),
        count=numbers[:, 0],
        errors=numbers[:, 1],
        total=numbers[:, 2],
        minimum=numbers[:, 3],
        maximum=numbers[:, 4],
        pair_row=np.repeat(np.arange(len(rows)), lengths),
        pair_bucket=pairs["bucket"].astype(np.int64),
        pair_count=pairs["count"].astype(np.int64),
    )


def regroup(rows: Rows, keys: Array) -> Rows:
    """Fold rows together that get the same new key, such as a name's minutes into its total."""
    distinct, position = group(keys)
    size = len(distinct)
    empty = np.zeros(0, np.int64)
    folded = Rows(
        keys=distinct,
        count=np.zeros(size, np.int64),
        errors=np.zeros(size, np.int64),
        total=_sum(size, position, rows.total),
        minimum=np.full(size, NO_MINIMUM),
        maximum=np.full(size, NO_MAXIMUM),
        pair_row=empty,
        pair_bucket=empty,
        pair_count=empty,
    )
    np.add.at(folded.count, position, rows.count)
    np.add.at(folded.errors, position, rows.errors)
    np.minimum.at(folded.minimum, position, rows.minimum)
    np.maximum.at(folded.maximum, position, rows.maximum)
    _add_pairs(folded, position[rows.pair_row], rows.pair_bucket, rows.pair_count)
    return folded
