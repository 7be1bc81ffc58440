"""Folding, buckets and quantiles: what holds for any durations, found by trying many."""

from __future__ import annotations

import itertools
import math
from collections import Counter as Tally
from typing import Any

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from monitoring.performance import buckets, fold
from monitoring.recording.events import MAX_DURATION, UNKNOWN_DURATION
from tests.properties import MANY, duration

folded = st.lists(st.tuples(st.integers(0, 6), duration, st.booleans()), max_size=60)


def _fold(events: list[tuple[int, int, bool]]) -> fold.Rows:
    keys, durations, failed = zip(*events, strict=True) if events else ((), (), ())
    return fold.fold(np.array(keys, np.int64), np.array(durations, np.uint64), np.array(failed, np.bool_))


def _plain(rows: fold.Rows) -> dict[int, tuple[Any, ...]]:
    numbers = [rows.count, rows.errors, rows.total, rows.minimum, rows.maximum]
    listed = zip(*(array.tolist() for array in numbers), rows.packed(), strict=True)
    return dict(zip(rows.keys.tolist(), listed, strict=True))


def _merged(events: list[list[tuple[int, int, bool]]]) -> dict[int, tuple[Any, ...]]:
    """Fold part after part, each merged with what the parts before it stored, as drains do."""
    stored: dict[int, tuple[Any, ...]] = {}
    for part in events:
        rows = _fold(part)
        known = [key for key in rows.keys.tolist() if key in stored]
        positions = np.array([rows.keys.tolist().index(key) for key in known], np.int64)
        if known:
            rows = fold.merge(rows, positions, fold.read_stored([stored[key] for key in known]))
        stored |= _plain(rows)
    return stored


@MANY
@given(folded, st.lists(st.integers(0, 60), max_size=5))
def test_folding_in_any_parts_gives_the_same_rows(events: list[tuple[int, int, bool]], cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut <= len(events)), len(events)]
    parts = [events[first:last] for first, last in itertools.pairwise(edges)]
    assert _merged(parts) == _merged([events]) == _merged(parts[::-1])


@MANY
@given(folded)
def test_folding_gives_what_adding_up_by_hand_gives(events: list[tuple[int, int, bool]]) -> None:
    by_hand: dict[int, tuple[Any, ...]] = {}
    for key in {key for key, _, _ in events}:
        mine = [(nanoseconds, failed) for one, nanoseconds, failed in events if one == key]
        known = [nanoseconds for nanoseconds, _ in mine if nanoseconds != UNKNOWN_DURATION]
        found = Tally(int(index) for index in fold.bucket_of(np.array(known, np.int64)))
        by_hand[key] = (
            len(mine),
            sum(failed for _, failed in mine),
            min(sum(known), buckets.MAX_TOTAL),
            min(known, default=2**63 - 1),
            max(known, default=-1),
            buckets.pack(found),
        )
    assert _plain(_fold(events)) == by_hand


@MANY
@given(folded, st.integers(1, 7))
def test_regrouping_rows_gives_what_folding_by_the_new_keys_gives(
    events: list[tuple[int, int, bool]], modulus: int
) -> None:
    rows = _fold(events)
    regrouped = fold.regroup(rows, rows.keys % modulus)
    assert _plain(regrouped) == _plain(_fold([(key % modulus, *rest) for key, *rest in events]))


@MANY
@given(duration.filter(lambda nanoseconds: 0 < nanoseconds <= MAX_DURATION))
def test_a_duration_lies_within_its_bucket_and_both_ways_to_find_it_agree(nanoseconds: int) -> None:
    found = int(fold.bucket_of(np.array([nanoseconds]))[0])
    seconds = nanoseconds * 1e-9
    assert abs(found - buckets.index(seconds)) <= (1 if _is_on_an_edge(seconds) else 0)
    assert buckets.upper_bound(found - 1) * (1 - 1e-9) <= seconds <= buckets.upper_bound(found) * (1 + 1e-9)


def _is_on_an_edge(seconds: float) -> bool:
    exact = math.log2(seconds) * buckets.PER_DOUBLING
    return abs(exact - round(exact)) < 1e-9


counts_by_bucket = st.dictionaries(
    st.integers(buckets.ZERO, 2**15 - 1), st.one_of(st.integers(0, 100), st.integers(0, 2**36)), max_size=20
)


@MANY
@given(st.lists(counts_by_bucket, max_size=6))
def test_packing_and_merging_buckets_loses_no_count(parts: list[dict[int, int]]) -> None:
    expected: Tally[int] = Tally()
    for part in parts:
        expected.update(part)
    packed = [buckets.pack(part) for part in parts]
    assert +buckets.merge(packed) == +expected
    assert +buckets.merge([b"".join(packed)]) == +expected
    assert +buckets.merge([buckets.pack(buckets.merge(packed))]) == +expected


@MANY
@given(
    st.dictionaries(st.integers(-300, 200), st.integers(1, 2**36), min_size=1, max_size=20),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_quantiles_rise_with_their_rank_and_stay_within_bounds(
    counts: dict[int, int], first: float, second: float
) -> None:
    low, high = 1e-6, 1e6
    smaller, larger = (buckets.quantile(counts, q, low, high) for q in sorted((first, second)))
    assert low <= smaller <= larger <= high


def _errors(seed: int, spread: float) -> dict[float, float]:
    """Return by quantile how far the estimate from two merged shards is off, relative to the exact value."""
    seconds = np.random.default_rng(seed).lognormal(-3.0, spread, 100_000)
    nanoseconds = (seconds * 1e9).astype(np.int64)
    merged = buckets.merge(_fold_all(part).packed()[0] for part in np.array_split(nanoseconds, 2))
    exact = np.sort(nanoseconds) / 1e9
    found = {}
    for q in (0.5, 0.75, 0.9, 0.95, 0.99, 0.999):
        estimate = buckets.quantile(merged, q, float(exact[0]), float(exact[-1]))
        found[q] = abs(estimate / float(exact[round(q * (len(exact) - 1))]) - 1)
    return found


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.0])
def test_quantiles_of_merged_shards_are_within_one_percent(spread: float) -> None:
    errors = [_errors(seed, spread) for seed in range(9)]
    assert max(one[q] for one in errors for q in one if q <= 0.99) < 0.01
    # Beyond p99.9 lie a hundred values: there chance decides how they spread within one bucket.
    assert sorted(one[0.999] for one in errors)[4] < 0.01
    assert max(one[0.999] for one in errors) < 0.05


def test_quantiles_agree_with_those_of_another_sketch() -> None:
    nanoseconds = (np.random.default_rng(5).lognormal(-3.0, 1.0, 20_000) * 1e9).astype(np.int64)
    oracle = DDSketch(0.001)
    for one in nanoseconds.tolist():
        oracle.add(one / 1e9)
    counts = buckets.merge(_fold_all(nanoseconds).packed())
    for q in (0.5, 0.75, 0.9, 0.95):
        estimate = buckets.quantile(counts, q, nanoseconds.min() / 1e9, nanoseconds.max() / 1e9)
        assert estimate == pytest.approx(oracle.get_quantile_value(q), rel=0.011), f"p{q * 100:g}"


def _fold_all(nanoseconds: Any) -> fold.Rows:
    size = len(nanoseconds)
    return fold.fold(np.zeros(size, np.int64), nanoseconds.astype(np.uint64), np.zeros(size, np.bool_))
