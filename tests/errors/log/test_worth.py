"""What is given up first: samples of what is frequent, evenly over time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors.log.worth import Limits, levelled, plan, rank, surplus

ROOMY = Limits(10_000, 10_000, 10_000)


@given(st.lists(st.integers(0, 50)), st.integers(0, 500))
def test_the_highest_are_cut_down_to_one_level(counts: list[int], allowed: int) -> None:
    cut = levelled(counts, allowed)
    assert sum(cut) == min(allowed, sum(counts))
    assert all(0 <= after <= before for before, after in zip(counts, cut, strict=True))
    lowered = [after for before, after in zip(counts, cut, strict=True) if after < before]
    if lowered:
        assert max(cut) <= min(lowered) + 1


def test_of_those_that_are_alike_the_first_keep_one_more() -> None:
    assert levelled([1, 1, 1], 2) == [1, 1, 0]
    assert levelled([5, 1, 5], 6) == [3, 1, 2]


def test_reasons_that_are_not_known_are_worth_most() -> None:
    assert [rank(kept) for kept in ("sample", "rare", "new", "turning", "manual", "?")] == [0, 1, 2, 2, 2, 2]


class TestPlans:
    def test_what_is_within_its_limits_is_left_alone(self) -> None:
        assert plan({("a", 1): (10, 10, 10), ("a", None): (0, 0, 9)}, ROOMY) == {}

    def test_a_group_gives_up_samples_then_rare_ones_then_the_others(self) -> None:
        counts = {("a", 1): (10, 5, 3)}
        found = [plan(counts, Limits(limit, 99, 99))[("a", 1)] for limit in (17, 8, 5, 3, 1)]
        assert found == [(9, 5, 3), (0, 5, 3), (0, 2, 3), (0, 0, 3), (0, 0, 1)]

    def test_the_limit_of_a_group_is_none_of_errors_without_one(self) -> None:
        assert plan({("a", None): (0, 0, 50)}, Limits(10, 99, 99)) == {}
        assert plan({("a", None): (0, 0, 50)}, Limits(10, 20, 99)) == {("a", None): (0, 0, 20)}

    def test_within_a_service_the_frequent_groups_give_up_samples(self) -> None:
        counts = {("a", 1): (100, 0, 1), ("a", 2): (3, 0, 1), ("b", 3): (100, 0, 1)}
        assert plan(counts, Limits(200, 15, 999))[("a", 1)] == (10, 0, 1)
        assert ("a", 2) not in plan(counts, Limits(200, 15, 999))

    def test_new_groups_stay_while_others_have_samples(self) -> None:
        counts = {("a", number): (0, 0, 1) for number in range(50)} | {("b", 99): (40, 0, 0)}
        assert plan(counts, Limits(200, 200, 60)) == {("b", 99): (10, 0, 0)}

    def test_of_groups_that_are_alike_the_newer_ones_stay(self) -> None:
        counts = {("a", number): (0, 0, 1) for number in range(5)}
        assert sorted(key[1] or 0 for key in plan(counts, Limits(9, 2, 9))) == [0, 1, 2]

    @given(
        st.dictionaries(
            st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(1, 9))),
            st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)),
        ),
        st.builds(Limits, st.integers(1, 40), st.integers(1, 80), st.integers(1, 150)),
    )
    def test_nothing_exceeds_its_limit_and_nothing_grows(
        self, counts: dict[tuple[str, int | None], tuple[int, int, int]], limits: Limits
    ) -> None:
        left = counts | plan(counts, limits)
        assert sum(map(sum, left.values())) <= limits.total
        for service in "abc":
            assert sum(sum(ranks) for key, ranks in left.items() if key[0] == service) <= limits.service
        for key, ranks in left.items():
            assert key[1] is None or sum(ranks) <= limits.group
            assert all(after <= before for before, after in zip(counts[key], ranks, strict=True))


class TestChoosing:
    def test_what_stays_covers_the_whole_time_evenly(self) -> None:
        times = [float(second) for second in range(1_000)]
        gone = set(surplus(times, [0] * 1_000, (50, 0, 0)))
        left = [time for place, time in enumerate(times) if place not in gone]
        assert (len(left), left[0], left[-1]) == (50, 0.0, 999.0)
        gaps = [after - before for before, after in pairwise(left)]
        assert max(gaps) <= 4 * min(gaps)

    def test_a_burst_is_thinned_before_what_stands_alone(self) -> None:
        times = [0.0, 100.0, *(200 + tick / 100 for tick in range(50)), 300.0, 400.0]
        gone = set(surplus(times, [0] * len(times), (8, 0, 0)))
        left = [time for place, time in enumerate(times) if place not in gone]
        assert {0.0, 100.0, 300.0, 400.0} <= set(left)

    def test_thinning_little_by_little_keeps_the_old_ones_too(self) -> None:
        left: list[float] = []
        for second in range(2_000):
            left.append(float(second))
            gone = set(surplus(left, [0] * len(left), (20, 0, 0)))
            left = [time for place, time in enumerate(left) if place not in gone]
        assert (len(left), left[0], left[-1]) == (20, 0.0, 1_999.0)
        assert max(after - before for before, after in pairwise(left)) <= 400

    def test_those_that_are_worth_more_stay(self) -> None:
        assert surplus([0.0, 1.0, 2.0, 3.0], [2, 0, 1, 0], (0, 1, 1)) == [1, 3]
        assert set(surplus([0.0, 1.0, 2.0, 3.0], [2, 0, 1, 0], (0, 0, 1))) == {1, 2, 3}

    def test_next_to_what_stays_anyway_goes_first(self) -> None:
        # The sample at 10 lies beside one that stays at 11; the one at 50 stands alone.
        assert surplus([0.0, 10.0, 11.0, 50.0, 99.0], [2, 0, 2, 0, 2], (1, 0, 3)) == [1]

    @pytest.mark.parametrize("allowed", [(0, 0, 0), (3, 0, 0), (99, 99, 99)])
    def test_equal_times_are_no_trouble(self, allowed: tuple[int, int, int]) -> None:
        assert len(surplus([5.0] * 10, [0] * 10, allowed)) == max(0, 10 - allowed[0])

    @given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 2))), st.tuples(*[st.integers(0, 10)] * 3))
    def test_as_many_go_as_must(self, rows: list[tuple[float, int]], allowed: tuple[int, int, int]) -> None:
        rows.sort()
        ranks = [worth for _, worth in rows]
        gone = surplus([time for time, _ in rows], ranks, allowed)
        assert len(gone) == len(set(gone))
        for worth, most in enumerate(allowed):
            assert sum(ranks[place] == worth for place in gone) == max(0, ranks.count(worth) - most)
