"""Errors in a sliding window, against a naive list."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.protection.counting.tally import (
    Tally,
    Window,
    pack_buckets,
    pack_samples,
    pack_times,
    total,
    unpack,
)

WINDOW = Window(limit=5, milliseconds=600_000)
START = 1_700_000_000_000
moments = st.integers(0, 2_000_000).map(lambda offset: START + offset)


def tally(*times: int) -> Tally:
    buckets = Counter(at // 1000 // WINDOW.bucket * WINDOW.bucket for at in times)
    samples = [{"at": at} for at in sorted(times)[-2:]]
    return Tally(sorted(times)[-WINDOW.kept :], buckets, samples)


def test_the_sixth_of_five_crosses_the_limit_and_the_fifth_does_not() -> None:
    five = [START + second * 1000 for second in range(5)]
    assert not tally(*five).crosses(WINDOW, 0, START + 5_000)
    assert tally(*five, START + 5_000).crosses(WINDOW, 0, START + 5_000)


@pytest.mark.parametrize(("span", "crosses"), [(599_999, True), (600_000, False)])
def test_an_error_counts_for_as_long_as_the_window_and_no_longer(span: int, crosses: bool) -> None:
    times = [START, *(START + span for _ in range(5))]
    assert tally(*times).crosses(WINDOW, 0, START + span) is crosses


@given(st.lists(st.lists(moments, min_size=1, max_size=12), min_size=1, max_size=6), moments)
def test_it_agrees_with_a_list_of_all_times_whatever_order_they_come_in(drains: list[list[int]], since: int) -> None:
    seen = total((tally(*drain) for drain in drains), WINDOW)
    times = sorted(at for drain in drains for at in drain)
    latest = times[-1]
    within = [at for at in times if latest - WINDOW.milliseconds < at]
    assert seen.last == latest
    assert seen.crosses(WINDOW, 0, latest) is (len(within) > WINDOW.limit)
    later = [at for at in within if at > since]
    assert seen.crosses(WINDOW, since, latest) is (len(later) > WINDOW.limit)
    assert seen.seen >= len(within)
    counted = seen.count(WINDOW, since, latest)
    assert len(later) <= seen.at_most(WINDOW, since, latest) <= len(times)
    assert counted == len(later) if len(later) <= WINDOW.limit else WINDOW.limit < counted <= len(later)


@given(st.lists(moments, min_size=1, max_size=20), st.lists(moments, min_size=1, max_size=20))
def test_shards_add_up_in_either_order(one: list[int], other: list[int]) -> None:
    assert total([tally(*one), tally(*other)], WINDOW) == total([tally(*other), tally(*one)], WINDOW)


@given(st.lists(moments, max_size=20))
def test_what_is_written_down_is_read_back(times: list[int]) -> None:
    found = tally(*times)
    assert unpack(pack_times(found.recent), pack_buckets(found.buckets), pack_samples(found.samples)) == found


@given(st.lists(moments, min_size=1, max_size=30), st.lists(moments, min_size=1, max_size=30))
def test_it_never_holds_more_than_it_needs(one: list[int], other: list[int]) -> None:
    found = total([tally(*one), tally(*other)], WINDOW)
    assert len(found.recent) <= WINDOW.kept
    assert len(found.buckets) <= 62


def test_errors_of_long_ago_are_nobody_s_crime_any_more() -> None:
    found = tally(*(START + second for second in range(6)))
    assert found.crosses(WINDOW, 0, START + 599_999)
    assert not found.crosses(WINDOW, 0, START + 600_005)
