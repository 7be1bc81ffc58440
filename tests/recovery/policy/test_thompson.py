"""Probabilities with which arms win, against draws."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.recovery.policy.thompson import propensities

ARMS = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.floats(0.2, 500), st.floats(0.2, 500)), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(ARMS, st.floats(0, 0.3))
def test_they_add_up_to_one_and_none_is_negative(rates: dict[str, tuple[float, float]], handicap: float) -> None:
    found = propensities(rates, dict.fromkeys(sorted(rates)[1:], handicap))
    assert found.keys() == rates.keys()
    assert sum(found.values()) == pytest.approx(1)
    assert all(chance >= 0 for chance in found.values())


def test_arms_of_which_the_same_is_believed_are_as_likely() -> None:
    found = propensities({"a": (3, 5), "b": (3, 5), "c": (3, 5)}, {})
    assert found == pytest.approx({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})


@pytest.mark.parametrize("handicap", [0.0, 0.1])
def test_they_are_those_of_drawing_a_rate_for_each(handicap: float) -> None:
    random = Random(7)
    rates = {"a": (8.0, 3.0), "b": (20.0, 12.0), "none": (4.0, 4.0)}
    draws, wins = 20_000, dict.fromkeys(rates, 0)
    for _ in range(draws):
        drawn = {arm: random.betavariate(*rate) for arm, rate in rates.items()}
        drawn["none"] += handicap
        wins[max(drawn, key=lambda arm: drawn[arm])] += 1
    found = propensities(rates, {"a": handicap, "b": handicap})
    assert found == pytest.approx({arm: count / draws for arm, count in wins.items()}, abs=0.015)


def test_no_arms_no_probabilities() -> None:
    assert propensities({}, {}) == {}
