from __future__ import annotations

from itertools import combinations
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.suspects.tables import Table, adjusted
from tests.properties import MANY


def test_fishers_tea_party() -> None:
    assert isclose(Table(3, 4, 1, 4).chance(), 17 / 70)
    assert isclose(Table(4, 4, 0, 4).chance(), 1 / 70)
    assert Table(0, 4, 4, 4).chance() == 1.0


@given(st.integers(1, 6), st.integers(1, 6), st.data())
@MANY
def test_the_chance_is_that_of_drawing_cases_from_all(drawn: int, left: int, data: st.DataObject) -> None:
    found = data.draw(st.integers(0, drawn))
    rest = data.draw(st.integers(0, left))
    having = found + rest

    draws = list(combinations(range(drawn + left), drawn))
    as_many = sum(sum(one < having for one in draw) >= found for draw in draws)
    assert isclose(Table(found, drawn, rest, left).chance(), as_many / len(draws), rel_tol=1e-9)


def test_large_counts_are_exact_and_quick_too() -> None:
    table = Table(600, 600, 3_000_000, 100_000_000)

    assert 0 <= table.chance() < 1e-300
    assert table.lift is not None
    assert isclose(table.lift, 1 / 0.03)


def test_the_interval_holds_the_ratio_and_is_finite_where_nothing_of_the_rest_has_it() -> None:
    low, high = Table(40, 50, 20, 100).interval()
    assert low < 4.0 < high
    assert low > 2.5
    assert high < 6.2
    never = Table(40, 50, 0, 100)
    assert never.lift is None
    assert 1 < never.interval()[0] < never.interval()[1] < float("inf")


def test_benjamini_and_hochberg_as_in_their_example() -> None:
    chances = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
               0.759, 1.0]  # fmt: skip

    assert sum(one <= 0.05 for one in adjusted(chances)) == 4
    assert adjusted([]) == []


@given(st.lists(st.floats(0, 1), max_size=30))
@MANY
def test_corrected_chances_keep_their_order_and_are_never_less(chances: list[float]) -> None:
    found = adjusted(chances)

    assert all(0 <= before <= after <= 1 for before, after in zip(chances, found, strict=True))
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    assert [found[place] for place in order] == sorted(found)
