"""Tails agree with sums over every outcome, term by term, in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.anomalies import tails

PARTS = st.integers(1, 999).map(lambda part: Fraction(part, 1000))


@given(st.integers(0, 120), st.data(), PARTS)
def test_the_binomial_tail_is_the_sum_of_its_terms(trials: int, data: st.DataObject, part: Fraction) -> None:
    successes = data.draw(st.integers(0, trials + 1))
    exact = sum(
        math.comb(trials, one) * part**one * (1 - part) ** (trials - one) for one in range(successes, trials + 1)
    )
    assert tails.binomial_upper(successes, trials, float(part)) == pytest.approx(float(exact), rel=1e-9, abs=1e-14)


@given(st.integers(0, 80), st.integers(1, 6000).map(lambda part: Fraction(part, 100)))
def test_the_poisson_tail_is_the_sum_of_its_terms(count: int, mean: Fraction) -> None:
    terms = [math.exp(-mean) * float(mean**one / math.factorial(one)) for one in range(400)]
    assert tails.poisson_upper(count, float(mean)) == pytest.approx(math.fsum(terms[count:]), rel=1e-9, abs=1e-14)
    assert tails.clustered_lower(count, float(mean), 0) == pytest.approx(
        math.fsum(terms[: count + 1]), rel=1e-9, abs=1e-14
    )


@given(st.integers(0, 60), st.floats(0.1, 40), st.integers(1, 50))
def test_the_tail_of_counts_whose_rate_varies_is_the_sum_of_its_terms(count: int, mean: float, shape: int) -> None:
    part = shape / (shape + mean)
    terms = [math.comb(one + shape - 1, one) * part**shape * (1 - part) ** one for one in range(count + 1)]
    spread = 1 / math.sqrt(shape)
    assert tails.clustered_lower(count, mean, spread) == pytest.approx(math.fsum(terms), rel=1e-9, abs=1e-14)
    assert tails.clustered_upper(count, mean, spread) == pytest.approx(1 - math.fsum(terms[:-1]), rel=1e-7, abs=1e-12)


@given(st.floats(-30, 30))
def test_the_tail_of_student_has_its_closed_forms(value: float) -> None:
    assert tails.student_upper(value, 1) == pytest.approx(0.5 - math.atan(value) / math.pi, rel=1e-6, abs=1e-12)
    closed = 0.5 * (1 - value / math.sqrt(2 + value * value))
    assert tails.student_upper(value, 2) == pytest.approx(closed, rel=1e-6, abs=1e-12)


def test_tails_of_great_numbers_are_small_and_not_zero() -> None:
    exact = sum(
        Fraction(math.comb(5000, one)) * Fraction(1, 100) ** one * Fraction(99, 100) ** (5000 - one)
        for one in range(150, 400)
    )
    assert tails.binomial_upper(150, 5000, 0.01) == pytest.approx(float(exact), rel=1e-9)
    assert tails.poisson_upper(1_000_000, 1_000_000.0) == pytest.approx(0.5, abs=1e-3)
    assert tails.binomial_upper(500_000, 1_000_000, 0.5) == pytest.approx(0.5, abs=1e-3)


def test_what_is_certain_and_what_is_impossible() -> None:
    assert tails.binomial_upper(0, 0, 0.1) == tails.poisson_upper(0, 3.0) == tails.clustered_upper(0, 1.0, 0.3) == 1
    assert tails.binomial_upper(3, 2, 0.5) == tails.poisson_upper(1, 0.0) == tails.clustered_upper(1, 0.0, 0.3) == 0
    assert tails.clustered_lower(-1, 2.0, 0.1) == 0
    assert tails.clustered_lower(4, 0.0, 0.1) == 1
    assert tails.beta(1.0, 2.0, 3.0) == 1
