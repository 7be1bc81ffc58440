"""A status follows its results with hysteresis, whatever the results are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitoring.component import Status
from monitoring.health.hysteresis import Judgement, judge

results = st.lists(st.sampled_from(list(Status)), min_size=1, max_size=30)
counts = st.integers(1, 5)
HEALTHY, DEGRADED, UNHEALTHY = Status


def follow(found: list[Status], fall: int, rise: int) -> list[Status]:
    """The status after each result."""
    judgement: Judgement | None = None
    reported = []
    for one in found:
        judgement = judge(judgement, one, fall, rise)
        reported.append(judgement.status)
    return reported


@given(results, counts, counts)
def test_the_first_result_counts_at_once(found: list[Status], fall: int, rise: int) -> None:
    assert follow(found, fall, rise)[0] == found[0]


@given(results)
def test_without_patience_the_status_is_the_last_result(found: list[Status]) -> None:
    assert follow(found, 1, 1) == found


@given(results, counts, counts)
def test_it_gets_worse_only_after_enough_results_that_are_worse(found: list[Status], fall: int, rise: int) -> None:
    reported = follow(found, fall, rise)
    for place, (before, after) in enumerate(pairwise(reported), 1):
        if after.badness > before.badness:
            last = found[max(0, place + 1 - fall) : place + 1]
            assert len(last) == fall
            assert after.badness == min(one.badness for one in last)


@given(results, counts, counts)
def test_it_gets_better_only_after_enough_results_that_are_better(found: list[Status], fall: int, rise: int) -> None:
    reported = follow(found, fall, rise)
    for place, (before, after) in enumerate(pairwise(reported), 1):
        if after.badness < before.badness:
            last = found[max(0, place + 1 - rise) : place + 1]
            assert len(last) == rise
            assert after.badness == max(one.badness for one in last)


@given(results, st.sampled_from(list(Status)), counts, counts)
def test_a_constant_result_is_believed_in_the_end(found: list[Status], last: Status, fall: int, rise: int) -> None:
    assert follow([*found, *[last] * max(fall, rise)], fall, rise)[-1] == last


@given(results, counts, counts)
def test_it_remembers_no_more_than_it_needs(found: list[Status], fall: int, rise: int) -> None:
    judgement: Judgement | None = None
    for one in found:
        judgement = judge(judgement, one, fall, rise)
        assert len(judgement.recent) <= max(fall, rise)


def test_one_slip_is_none_and_a_mixture_of_bad_results_is_the_best_of_them() -> None:
    assert follow([HEALTHY, UNHEALTHY, HEALTHY, UNHEALTHY], 2, 2) == [HEALTHY] * 4
    assert follow([HEALTHY, UNHEALTHY, DEGRADED], 2, 2)[-1] == DEGRADED
    assert follow([HEALTHY, DEGRADED, UNHEALTHY, UNHEALTHY], 2, 2)[-2:] == [DEGRADED, UNHEALTHY]
