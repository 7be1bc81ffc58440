"""A bucket never lets more through than its rate and its burst, and what is kept of buckets is bounded."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.recording.enforcement.buckets import Buckets, Wanted
from tests.properties import MANY


def wanted(name: str, rate: float, burst: float) -> Wanted:
    return name, 1 / rate, (burst - 1) / rate


rates = st.floats(0.001, 10_000)
bursts = st.integers(1, 1_000)
pauses = st.lists(st.one_of(st.just(0.0), st.floats(0, 100)), min_size=1, max_size=200)


@MANY
@given(rate=rates, burst=bursts, pauses=pauses, start=st.floats(0, 1e7))
def test_it_never_lets_more_through_than_the_rate_and_the_burst(
    rate: float, burst: int, pauses: list[float], start: float
) -> None:
    """In any stretch of time, also one that begins late."""
    buckets, now, passed = Buckets(), start, []
    for pause in pauses:
        now += pause
        if buckets.take([wanted("a", rate, burst)], now)[0] == 0:
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            allowed = rate * (passed[last] - passed[first]) + burst
            assert last - first + 1 <= allowed * (1 + 1e-6) + rate * 1e-6


@MANY
@given(rate=st.floats(0.01, 1_000), burst=bursts, now=st.floats(0, 1e6))
def test_who_waits_as_long_as_told_is_let_through_and_nobody_is_told_to_wait_longer_than_needed(
    rate: float, burst: int, now: float
) -> None:
    buckets, one = Buckets(), wanted("a", rate, burst)
    while (wait := buckets.take([one], now)[0]) == 0:
        pass
    assert wait == pytest.approx(1 / rate, rel=1e-3, abs=1e-6)
    assert buckets.take([one], now + wait * 0.99 - 1e-6)[0] > 0
    assert buckets.take([one], now + wait + 1e-6)[0] == 0


def test_a_full_burst_passes_at_once_and_not_one_more() -> None:
    buckets = Buckets()
    assert [buckets.take([wanted("a", 1, 3)], 10.0)[0] for _ in range(5)] == [0, 0, 0, 1, 1]
    assert buckets.take([wanted("b", 1, 3)], 10.0)[0] == 0


def test_of_several_none_is_taken_from_where_one_is_empty_and_the_longest_wait_is_told() -> None:
    buckets = Buckets()
    slow, fast = wanted("slow", 0.1, 1), wanted("fast", 1, 2)
    assert buckets.take([fast, slow], 0.0) == (0.0, 0)
    assert buckets.take([fast, slow], 0.0) == (10.0, 1)
    assert buckets.take([fast], 0.0) == (0.0, 0), "nothing was taken from it by the one that was refused"
    assert buckets.take([fast, slow], 0.0) == (10.0, 1)


def test_a_flood_of_clients_is_bounded_and_whoever_asked_last_is_remembered() -> None:
    buckets = Buckets(most=100)
    for number in range(10_000):
        assert buckets.take([wanted(f"client {number}", 0.001, 1)], number / 1_000)[0] == 0
        assert buckets.take([wanted("busy", 0.001, 1)], number / 1_000)[0] == 0 or number
        if number % 50 == 0:
            buckets.take([wanted("patient", 1_000, 1)], number / 1_000)
    assert len(buckets) == 100
    assert buckets.take([wanted("client 9999", 0.001, 1)], 10.0)[0] > 0
    assert buckets.take([wanted("client 1", 0.001, 1)], 10.0)[0] == 0


def test_buckets_that_are_full_again_are_not_kept() -> None:
    buckets = Buckets()
    for number in range(1_000):
        buckets.take([wanted(f"client {number}", 10, 1)], float(number))
    assert len(buckets) <= 2


def test_threads_that_ask_at_once_get_no_more_than_there_is() -> None:
    buckets, passed = Buckets(), []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        passed.append(sum(buckets.take([wanted("a", 0.001, 500)], 1.0)[0] == 0 for _ in range(400)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 500
