"""Folding into classic buckets is counting, whatever the labels and durations."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitoring.metrics.classic import MAX_TOTAL, fold
from monitoring.recording.events import MAX_DURATION
from tests.properties import MANY

BOUNDS = (0.05, 0.1, 2.5, 1800.0)
on_the_edge = st.builds(lambda bound, off: int(bound * 1e9) + off, st.sampled_from(BOUNDS), st.integers(-1, 1))
durations = st.one_of(on_the_edge, st.integers(0, MAX_DURATION), st.integers(MAX_DURATION, 2**64 - 2))
label = st.one_of(st.integers(0, 3), st.integers(0, 2**40))
events = st.lists(st.tuples(label, label, st.integers(0, 999), durations), max_size=30)


@MANY
@given(events)
def test_it_counts_exactly(found: list[tuple[int, int, int, int]]) -> None:
    columns = [np.array([event[place] for event in found], np.int64) for place in range(3)]
    nanoseconds = np.array([event[3] for event in found], np.uint64)
    growth = fold(columns, nanoseconds, BOUNDS)
    keys = list(zip(*(column.tolist() for column in growth.labels), strict=True))
    assert len(set(keys)) == len(keys)
    assert dict(zip(keys, growth.count.tolist(), strict=True)) == Counter(event[:3] for event in found)
    assert growth.buckets is not None
    for row, key in enumerate(keys):
        mine = [min(event[3], MAX_DURATION) for event in found if event[:3] == key]
        assert growth.total[row] == min(sum(mine), MAX_TOTAL)
        for place, bound in enumerate(BOUNDS):
            assert growth.buckets[row, : place + 1].sum() == sum(one <= bound * 1e9 for one in mine)
        assert growth.buckets[row].sum() == len(mine)


@MANY
@given(events)
def test_without_durations_there_are_counts_alone(found: list[tuple[int, int, int, int]]) -> None:
    growth = fold([np.array([event[0] for event in found], np.int64)])
    assert dict(zip(growth.labels[0].tolist(), growth.count.tolist(), strict=True)) == Counter(e[0] for e in found)
    assert growth.buckets is None
    assert not growth.total.any()
