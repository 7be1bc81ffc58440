"""Whether a count is greater than another by more than chance."""

from __future__ import annotations

from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.insights.change import chance_of_rise, direction

counts = st.integers(0, 300)


def poisson(rate: float, count: int) -> float:
    return exp(-rate) * rate**count / factorial(count)


@given(counts, counts)
def test_more_is_less_probable(count: int, before: int) -> None:
    more, less = chance_of_rise(count + 1, before), chance_of_rise(count, before)
    assert 0.0 <= more <= less + 1e-9 <= 1.0 + 1e-9


@given(counts, counts, st.floats(0.05, 0.95))
def test_what_rises_here_falls_there(count: int, before: int, share: float) -> None:
    opposite = {"rising": "falling", "falling": "rising", "steady": "steady"}
    assert direction(count, before, share) == opposite[direction(before, count, 1 - share)]


@given(st.integers(990, 1_010), st.integers(0, 40))
def test_the_two_ways_of_reckoning_meet(both: int, more: int) -> None:
    count = both // 2 + more
    here, there = chance_of_rise(count, 1_000 - count), chance_of_rise(count, 1_001 - count)
    assert here == pytest.approx(there, abs=0.03)


def test_equal_rates_are_told_to_differ_as_rarely_as_promised() -> None:
    rate, most = 6.0, 30
    wrong = sum(
        poisson(rate, count) * poisson(rate, before)
        for count in range(most)
        for before in range(most)
        if direction(count, before) == "rising"
    )
    assert 0 < wrong <= 0.01


def test_twenty_after_four_rise_and_six_after_four_do_not() -> None:
    assert direction(20, 4) == "rising"
    assert direction(6, 4) == "steady"
    assert direction(4, 20) == "falling"
    assert direction(0, 0) == "steady"


def test_a_shorter_window_is_weighed() -> None:
    assert direction(10, 20, share=1 / 3) == "steady"
    assert direction(10, 20, share=1 / 13) == "rising"
