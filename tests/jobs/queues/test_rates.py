"""Rates, times to drain and estimated ages: pure functions, held against a queue that is played through."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.jobs.queues.rates import Flow, Rates, age_of_oldest, rates

NOW = 30_000_000 * 60 + 30.0
"""Half a minute into a minute: the window is 90 seconds long."""
MINUTE = 30_000_000

counts = st.integers(0, 10**9)
flows = st.dictionaries(st.integers(MINUTE - 5, MINUTE + 1), st.builds(Flow, counts, counts))


def test_rates_are_those_of_this_minute_and_the_one_before() -> None:
    known = {MINUTE: Flow(30, 10), MINUTE - 1: Flow(60, 35), MINUTE - 2: Flow(10_000, 10_000)}
    assert rates(known, 45, 0, NOW) == Rates(1.0, 0.5, 90.0, None)


def test_a_shrinking_queue_has_a_time_at_which_it_is_empty() -> None:
    found = rates({MINUTE: Flow(90, 180)}, 100, 190, NOW)
    assert (found.drain, found.drain_net) == (50.0, 100.0)


def test_a_queue_that_nobody_takes_from_has_none() -> None:
    assert rates({MINUTE: Flow(90, 0)}, 90, 0, NOW) == Rates(1.0, 0.0, None, None)


def test_a_queue_that_nobody_takes_from_any_more_has_none_either() -> None:
    found = rates({MINUTE: Flow(0, 90)}, 10, 100, NOW, moves=False)
    assert found == Rates(0.0, 1.0, None, None)


def test_an_empty_queue_is_drained() -> None:
    assert rates({}, 0, 0, NOW) == Rates(0.0, 0.0, 0.0, 0.0)


def test_what_publishers_without_enginel_send_shows_in_the_depth() -> None:
    assert rates({MINUTE: Flow(0, 45)}, 145, 100, NOW).arriving == 1.0


def test_what_workers_without_enginel_take_shows_in_the_depth() -> None:
    assert rates({MINUTE: Flow(90, 0)}, 145, 100, NOW).leaving == 0.5


@given(flows, counts, st.none() | counts, st.floats(0, 59.9))
def test_rates_are_never_negative_and_differ_by_the_growth(
    known: dict[int, Flow], depth: int, before: int | None, second: float
) -> None:
    now = MINUTE * 60 + second
    found = rates(known, depth, before, now)
    assert found.arriving >= 0
    assert found.leaving >= 0
    if before is not None:
        growth = (depth - before) / (60 + second)
        assert found.arriving - found.leaving == pytest.approx(growth, rel=1e-6, abs=1e-3)
    for seconds in (found.drain, found.drain_net):
        assert seconds is None or seconds >= 0
    assert (found.drain_net is None) or (found.drain is not None and found.drain <= found.drain_net)


@given(flows, st.dictionaries(st.integers(MINUTE - 5, MINUTE), counts), st.integers(1, 10**9))
def test_more_that_waits_has_waited_longer(known: dict[int, Flow], depths: dict[int, int], depth: int) -> None:
    ages = [age_of_oldest(known, depths, deep, NOW) for deep in (depth, depth + 1, 2 * depth)]
    for less, more in pairwise(ages):
        assert more is None or (less is not None and 0 <= less <= more + 1e-6)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60)), min_size=1, max_size=60))
def test_the_age_of_the_oldest_is_right_within_a_minute(minutes: list[tuple[int, int]]) -> None:
    queue: deque[float] = deque()
    known, depths, first = {}, {}, MINUTE - len(minutes) + 1
    depths[first - 1] = 0
    for start, (sent, taken) in enumerate(minutes, first):
        received = min(taken, len(queue))
        for _ in range(received):
            queue.popleft()
        queue.extend(start * 60.0 + 60.0 * place / sent for place in range(sent))
        known[start], depths[start] = Flow(sent, received), len(queue)
    now = (MINUTE + 1) * 60.0 - 0.001
    age = age_of_oldest(known, depths, len(queue), now)
    true_age = now - queue[0] if queue else 0.0
    assert age is not None
    assert abs(age - true_age) <= 60.0


def test_the_age_is_known_from_depths_alone() -> None:
    depths = {MINUTE - 3: 0, MINUTE - 2: 60, MINUTE - 1: 60, MINUTE: 60}
    assert age_of_oldest({}, depths, 60, NOW) == 150.0


def test_an_age_that_nothing_known_accounts_for_is_unknown() -> None:
    assert age_of_oldest({MINUTE: Flow(5, 0)}, {}, 6, NOW) is None
    assert age_of_oldest({}, {}, 1, NOW) is None
    assert age_of_oldest({}, {}, 0, NOW) == 0.0
