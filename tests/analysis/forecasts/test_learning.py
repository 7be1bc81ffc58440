"""What is learned from windows, and when it is believed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.forecasts import learning
from monitoring.analysis.forecasts.learning import Memory, Recently, Season


def taught(outcomes: list[bool | None], at: Season = Season.SAME) -> Memory:
    memory = Memory()
    for had in outcomes:
        learning.learn(memory, learning.situation(memory, at), had)
    return memory


def clustered(number: int, seed: int) -> list[bool | None]:
    """Make windows of which those with errors come together."""
    chance, had, found = random.Random(seed), False, list[bool | None]()
    for _ in range(number):
        had = chance.random() < (0.8 if had else 0.05)
        found.append(had)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_errors_that_come_together_are_forecast_better_than_by_the_base_rate(seed: int) -> None:
    memory = taught(clustered(500, seed))
    assert learning.is_useful(memory)
    assert memory.squares < 0.8 * memory.base_squares
    calm = learning.forecast(memory, f"{Recently.NONE}; {Season.SAME}")
    assert calm < learning.base(memory) < learning.forecast(memory, f"{Recently.BOTH}; {Season.SAME}")


@pytest.mark.parametrize("seed", range(5))
def test_errors_without_a_pattern_are_not_forecast(seed: int) -> None:
    chance = random.Random(seed)
    assert not learning.is_useful(taught([chance.random() < 0.3 for _ in range(1000)]))


@pytest.mark.parametrize("always", [True, False])
def test_what_always_or_never_fails_needs_no_forecast(always: bool) -> None:
    assert not learning.is_useful(taught([always] * 500))


def test_a_forecast_is_not_believed_before_a_day_of_windows_was_scored() -> None:
    windows = clustered(500, 1)
    assert not learning.is_useful(taught(windows[:90]))
    assert not learning.is_useful(taught([None] * 400))


def test_where_nothing_like_it_was_seen_the_base_rate_is_forecast() -> None:
    memory = taught([True, False] * 50)
    assert learning.forecast(memory, "never seen") == pytest.approx(learning.base(memory))


@given(st.lists(st.sampled_from([True, False, None]), max_size=60))
def test_every_forecast_is_a_probability_and_every_score_a_mean_square(outcomes: list[bool | None]) -> None:
    memory = taught(outcomes)
    for recently in Recently:
        assert 0 < learning.forecast(memory, f"{recently}; {Season.SAME}") < 1
    assert 0 <= memory.squares <= memory.scored
    assert len(memory.last) <= learning.BACK


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ([], Recently.NONE),
        ([None, None], Recently.NONE),
        ([True, False, False, False], Recently.EARLIER),
        ([False, True], Recently.LAST),
        ([False, False, True, True], Recently.BOTH),
        ([True, True, True, True], Recently.ALL),
    ],
)
def test_the_last_windows_in_words(last: list[bool | None], expected: Recently) -> None:
    assert learning.recently(last) is expected


def test_a_season_is_told_apart_where_it_is_known() -> None:
    assert learning.season(3.0, 1.0) is Season.MORE
    assert learning.season(0.0, 1.0) is Season.LESS
    assert learning.season(1.2, 1.0) is learning.season(None, 1.0) is learning.season(0.0, 0.0) is Season.SAME
