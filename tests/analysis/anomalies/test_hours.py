"""Which hours an hour is compared with, what is usual of them, and how anomalies open and close. Without a database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.anomalies import hysteresis, usual
from monitoring.analysis.anomalies.hours import DAY, HOUR, WEEK, Chosen, Level, candidates, choose
from monitoring.analysis.anomalies.hysteresis import Course
from monitoring.analysis.anomalies.judging import Verdict
from monitoring.analysis.anomalies.kinds import State
from monitoring.analysis.anomalies.robust import middle
from monitoring.analysis.anomalies.usual import SeriesHour

NOW = 1_000 * WEEK


def chosen(starts: set[int], frozen: tuple[int, ...] = (), since: int = 0) -> Chosen[int] | None:
    known = {start: start for start in starts}
    return choose(NOW, known, starts, lambda start: start in frozen, lambda start: start, since)


def back(hours: int) -> set[int]:
    return {NOW - HOUR * number for number in range(1, hours + 1)}


@pytest.mark.parametrize(
    ("hours", "level", "number"),
    [(3, None, 0), (5, Level.RECENT, 5), (40, Level.RECENT, 24), (5 * 24, Level.DAY, 14), (30 * 24, Level.WEEK, 12)],
)
def test_the_longer_is_known_the_better_is_compared(hours: int, level: Level | None, number: int) -> None:
    found = chosen(back(hours))
    assert (None if found is None else found.level, 0 if found is None else len(found.hours)) == (level, number)


def test_frozen_hours_and_those_of_another_time_are_left_out() -> None:
    weekly = chosen(back(30 * 24), frozen=(NOW - WEEK, NOW - 2 * WEEK + HOUR))
    assert weekly is not None
    assert len(weekly.hours) == 10
    later = chosen(back(30 * 24), since=NOW - 30 * HOUR)
    assert later is not None
    assert later.level is Level.RECENT


@given(st.sets(st.integers(1, 800), max_size=200))
def test_only_hours_that_are_over_are_compared(numbers: set[int]) -> None:
    found = chosen({NOW - HOUR * number for number in numbers} | {NOW, NOW + HOUR, NOW + WEEK})
    assert found is None or all(start < NOW for start in found.hours)
    assert all(start < NOW for start in candidates(NOW))


def test_an_hour_without_runs_counts_when_anything_was_recorded() -> None:
    alive = back(5 * 24)
    known = {start: 1 for start in alive if (NOW - start) % DAY}
    found = choose(NOW, known, alive, lambda _start: False, lambda _start: 0)
    assert found is not None
    assert list(found.hours).count(0) == 4


def test_what_is_usual_is_not_moved_by_an_hour_in_which_all_failed() -> None:
    good = [SeriesHour(1_000, 2, -2.0, -1.0)] * 11
    usual_one = usual.of_series(Chosen(Level.WEEK, [*good, SeriesHour(9_000, 9_000, 5.0, 6.0)]))
    assert usual_one.per_minute == pytest.approx(1_000 / 60)
    assert usual_one.error_rate == pytest.approx(0.002, rel=0.1)
    assert usual_one.p95 == (-1.0, 0.05)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_the_middle_is_among_the_values(values: list[float]) -> None:
    found = middle(values, 0.1)
    assert min(values) <= found.median <= max(values)
    assert found.spread >= 0.1


def course(*verdicts: Verdict) -> Course | None:
    found: Course | None = hysteresis.begin()
    for verdict in verdicts:
        assert found is not None
        found = hysteresis.step(found, verdict, 1.0)
    return found


U, C, R, N = Verdict.UNUSUAL, Verdict.CALM, Verdict.RAISED, Verdict.UNKNOWN


def state(*verdicts: Verdict) -> tuple[str, str] | None:
    found = course(*verdicts)
    return None if found is None else (str(found.state), found.ending)


def test_it_opens_and_closes_after_looks_in_a_row() -> None:
    assert state(U) == ("open", "")
    assert state(R) is state(C) is state(N) is None
    assert state(U, *[C] * 4) == state(U, *[C] * 4, R, *[C] * 4) == ("open", "")
    assert state(U, *[C] * 5) == ("closed", "usual")
    assert state(U, *[N] * 60) == ("closed", "silent")


def test_what_lasts_for_a_day_is_accepted() -> None:
    assert hysteresis.step(Course(State.OPEN), U, 24 * 60) == Course(State.CLOSED, 1, 0, 0, "accepted")
