"""What the benchmarks say of paired ratios."""

from __future__ import annotations

import random

import pytest

from benchmarks.jobs.pairs import median


@pytest.mark.parametrize(("count", "rank"), [(6, 1), (8, 1), (9, 2), (20, 6), (30, 10), (100, 40)])
def test_the_interval_of_a_median_is_the_one_of_the_sign_test(count: int, rank: int) -> None:
    found = median([float(number) for number in range(1, count + 1)])
    assert (found.low, found.high) == (rank, count + 1 - rank)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_of_few_values_the_interval_is_all_of_them(count: int) -> None:
    found = median([float(number) for number in range(count)])
    assert (found.low, found.high) == (0, count - 1)


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(1_000):
        found = median([chance.lognormvariate(0, 1) for _ in range(20)])
        held += found.low <= 1 <= found.high
    assert held >= 930
