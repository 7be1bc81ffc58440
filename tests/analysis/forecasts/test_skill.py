"""How good forecasts of synthetic operations are, by Brier's score, and how often they are believed without skill."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import fmean

import pytest

from monitoring.analysis.forecasts import learning
from monitoring.analysis.forecasts.learning import Memory, Season

WINDOWS, FROM = 400, 100
"""Windows of an operation, about four days; those from which on a forecast may be believed at all."""
SEEDS = range(1_000, 1_012)

Truth = Callable[[int, bool], tuple[float, Season]]
"""The probability of an error by the number of the window and whether the last one had any, and what hour it is."""


def without_pattern(rate: float) -> Truth:
    return lambda _number, _had: (rate, Season.SAME)


def with_seasons_that_mean_nothing(rate: float) -> Truth:
    return lambda number, _had: (rate, (Season.MORE, Season.LESS, Season.SAME)[number // 4 % 3])


def clustered(_number: int, had: bool) -> tuple[float, Season]:
    return 0.7 if had else 0.06, Season.SAME


def by_hour(number: int, _had: bool) -> tuple[float, Season]:
    busy = number % 96 < 24
    return (0.6, Season.MORE) if busy else (0.05, Season.LESS)


def lived(truth: Truth, seed: int) -> tuple[Memory, float]:
    """Let an operation live; return what was learned of it, and in which part of the time forecasts were believed."""
    chance, memory, had, believed = random.Random(seed), Memory(), False, 0
    for number in range(WINDOWS):
        rate, season = truth(number, had)
        had = chance.random() < rate
        learning.learn(memory, learning.situation(memory, season), had)
        believed += number >= FROM and learning.is_useful(memory)
    return memory, believed / (WINDOWS - FROM)


@pytest.mark.parametrize("make", [without_pattern, with_seasons_that_mean_nothing])
def test_without_skill_forecasts_are_off_in_nineteen_of_twenty_windows(make: Callable[[float], Truth]) -> None:
    on = [lived(make(rate), seed)[1] for rate in (0.05, 0.1, 0.3, 0.5, 0.8) for seed in SEEDS]
    print(f"\nbelieved without skill: {fmean(on):.1%} of windows, in {sum(map(bool, on))} of {len(on)} operations ever")
    assert fmean(on) <= 0.05


@pytest.mark.parametrize("truth", [clustered, by_hour])
def test_where_there_is_a_pattern_they_are_better_than_the_base_rate(truth: Truth) -> None:
    memories = [lived(truth, seed)[0] for seed in SEEDS]
    brier = fmean(memory.squares / memory.scored for memory in memories)
    base = fmean(memory.base_squares / memory.scored for memory in memories)
    useful = fmean(learning.is_useful(memory) for memory in memories)
    print(f"\nBrier score {brier:.3f}, base rate {base:.3f}, skill {1 - brier / base:.2f}; useful {useful:.0%}")
    assert 1 - brier / base > 0.15
    assert useful >= 0.9
