"""What is kept, late, missed or doubled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from celery.schedules import crontab, schedule
from django_celery_beat.clockedschedule import clocked
from hypothesis import given
from hypothesis import strategies as st

from monitoring.jobs.schedule.absences import Absence
from monitoring.jobs.schedule.judge import Judgement, Published, Terms, judge
from monitoring.jobs.schedule.timetable import Timetable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TERMS = Terms(timedelta(seconds=30), timedelta(minutes=5))
HOURLY = Timetable(crontab(minute="0"))
EACH_MINUTE = Timetable(crontab())


def every(seconds: float, **more: bool) -> Timetable:
    return Timetable(schedule(timedelta(seconds=seconds)), **more)  # type: ignore[arg-type]


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def away(start: float, end: float | None, *, planned: bool) -> Absence:
    return Absence(at(start), None if end is None else at(end), planned)


def told(
    asked: Timetable,
    until: float,
    *ran: float,
    origins: str = "",
    anchor: float = -1,
    met: bool = True,
    absences: tuple[Absence, ...] = (),
) -> Judgement:
    runs = [
        Published(at(seconds), origins[place : place + 1] or "A", f"{place}")
        for place, seconds in enumerate(sorted(ran))
    ]
    terms = replace(TERMS, absences=absences)
    return judge(asked, at(anchor), runs, at(until), terms, lambda _one, _other: met)


def verdicts(found: Judgement) -> tuple[int, int, int]:
    return found.kept.count, found.late.count, found.missed.count


def test_a_run_at_its_slot_keeps_it() -> None:
    found = told(HOURLY, 40, 0.02)
    assert verdicts(found) == (1, 0, 0)
    assert found.fine is True
    assert found.anchor == NOON
    assert found.expected == NOON + timedelta(hours=1)
    assert found.due == NOON + timedelta(hours=1)
    assert found.slots == {"0": NOON}


def test_a_run_after_the_tolerance_is_late() -> None:
    found = told(HOURLY, 200, 120)
    assert verdicts(found) == (0, 1, 0)
    assert (found.fine, found.lateness) == (False, timedelta(seconds=120))


def test_a_slot_is_waited_for_until_its_reach_is_over() -> None:
    assert verdicts(told(HOURLY, 299)) == (0, 0, 0)
    assert told(HOURLY, -0.5).due == NOON
    assert told(HOURLY, 10).due == at(30)
    assert told(HOURLY, 10).expected == NOON
    assert told(HOURLY, 10, 0.1).expected == NOON + timedelta(hours=1)
    assert told(HOURLY, 31).due == at(300)
    missed = told(HOURLY, 300)
    assert verdicts(missed) == (0, 0, 1)
    assert missed.fine is False


def test_a_run_after_the_reach_makes_up_for_nothing() -> None:
    assert verdicts(told(HOURLY, 400, 350)) == (0, 0, 1)


def test_a_slot_of_each_minute_is_missed_when_the_next_one_comes() -> None:
    found = told(EACH_MINUTE, 150, 0, 120)
    assert verdicts(found) == (2, 0, 1)
    assert found.missed.first == found.missed.last == at(60)
    assert found.fine is True


def test_slots_missed_in_a_row_are_one_span() -> None:
    found = told(EACH_MINUTE, 600 + 60)
    assert (found.missed.count, found.missed.first, found.missed.last) == (11, at(0), at(600))


def test_thousands_of_slots_are_judged_in_steps() -> None:
    found = told(EACH_MINUTE, 7 * 86_400)
    assert found.missed.count == TERMS.most
    assert found.due == at(7 * 86_400)
    again = judge(EACH_MINUTE, found.anchor, [], at(7 * 86_400), TERMS, lambda _one, _other: True)
    assert again.missed.first == at(TERMS.most * 60)


def test_two_beats_that_live_together_double_a_slot() -> None:
    assert told(HOURLY, 40, 0.02, 1.5, origins="AB").doubled.count == 1
    assert told(HOURLY, 40, 0.02, 1.5, origins="AA").doubled.count == 0


def test_a_beat_that_was_restarted_may_repeat_a_run() -> None:
    assert told(HOURLY, 40, 0.02, 20, origins="AB", met=False).doubled.count == 0
    assert told(every(60), 70, 0, 20, origins="AB", anchor=-60, met=False).doubled.count == 0


def test_an_interval_drifts_without_being_late() -> None:
    ran = [10 * step + 0.4 * step for step in range(1, 30)]
    found = told(every(10), 305, *ran, anchor=0)
    assert verdicts(found) == (29, 0, 0)
    assert found.anchor == at(ran[-1])


def test_an_interval_that_came_late_goes_on_from_there() -> None:
    found = told(every(600), 1300, 600, 1260, anchor=0)
    assert verdicts(found) == (1, 1, 0)
    assert found.expected == at(1860)


def test_a_gap_between_two_runs_of_an_interval_is_one_missed_run() -> None:
    found = told(every(60), 300, 280, anchor=0)
    assert verdicts(found) == (0, 0, 1)
    assert (found.missed.first, found.fine, found.anchor) == (at(60), True, at(280))
    assert found.slots == {}


def test_an_interval_that_does_not_run_is_missed_once_however_long_that_lasts() -> None:
    found = told(every(5), 3600, anchor=0)
    assert (found.missed.count, found.missed.first, found.fine) == (1, at(5), False)
    assert found.anchor == at(3570)
    again = judge(every(5), found.anchor, [], at(7200), TERMS, lambda *_: True, overdue=True)
    assert (verdicts(again), again.fine) == ((0, 0, 0), None)
    runs = [Published(at(7201), "A", "x"), Published(at(7206), "A", "y")]
    ended = judge(every(5), again.anchor, runs, at(7207), TERMS, lambda *_: True, overdue=True)
    assert (verdicts(ended), ended.fine) == ((1, 0, 0), True)


def test_after_a_restart_the_next_run_of_an_interval_may_come_a_whole_interval_later() -> None:
    """Beat may have lost when the entry ran last, or that it never did; it then counts from its own start."""
    restarts = (away(153, 154, planned=True), away(740, 754, planned=True))
    assert verdicts(told(every(600), 1300, anchor=0, absences=restarts)) == (0, 0, 0)
    assert told(every(600), 700, anchor=0, absences=restarts[:1]).expected == at(754)
    assert told(every(600), 1300, anchor=0, absences=restarts).expected == at(1354)
    kept = told(every(600), 1360, 1355, anchor=0, absences=restarts)
    assert (verdicts(kept), kept.slots) == ((1, 0, 0), {"0": at(1354)})
    assert verdicts(told(every(600), 1500, 1400, anchor=0, absences=restarts)) == (0, 1, 0)
    assert verdicts(told(every(600), 1655, anchor=0, absences=restarts)) == (0, 0, 1)


def test_after_a_restart_a_run_may_come_at_once() -> None:
    found = told(every(600), 300, 200, anchor=0, absences=(away(150, 190, planned=True),))
    assert (verdicts(found), found.slots, found.expected) == ((1, 0, 0), {"0": at(200)}, at(800))


def test_a_planned_stop_misses_no_run_of_an_interval() -> None:
    for came in (900.0, 959.0):
        found = told(every(60), 960, came, anchor=0, absences=(away(30, 899, planned=True),))
        assert verdicts(found) == (1, 0, 0)
    lasting = told(every(60), 960, anchor=0, absences=(away(30, None, planned=True),))
    assert verdicts(lasting) == (0, 0, 0)
    assert lasting.due == at(990)


def test_what_was_missed_before_a_planned_stop_is_missed() -> None:
    assert verdicts(told(every(60), 960, 900, anchor=0, absences=(away(200, 899, planned=True),))) == (0, 0, 1)


def test_a_beat_that_died_misses_one_run_of_an_interval_at_most() -> None:
    def died(until: float, back: float | None, *ran: float) -> tuple[int, int, int]:
        return verdicts(told(every(60), until, *ran, anchor=0, absences=(away(10, back, planned=False),)))

    assert died(119, None) == (0, 0, 0)
    assert died(900, None) == died(960, 899, 900) == (0, 0, 1)
    assert died(100, 70, 71) == (1, 0, 0)
    assert died(150, 100, 101) == (0, 1, 0)
    assert died(150, 20, 79) == (1, 0, 0)


def test_a_calendar_waits_for_no_beat() -> None:
    assert verdicts(told(HOURLY, 301, absences=(away(-60, 200, planned=True),))) == (0, 0, 1)


def test_what_is_due_once_after_an_interval_may_come_later_after_a_restart() -> None:
    once = every(600, one_off=True)
    assert verdicts(told(once, 1300, 1155, anchor=0, absences=(away(550, 554, planned=True),))) == (1, 0, 0)


def test_a_run_at_its_slot_is_seen_at_once_and_counted_when_no_second_one_can_follow() -> None:
    found = told(HOURLY, 2, 0.1, 1.5, origins="AB")
    assert (verdicts(found), found.fine, found.slots) == ((0, 0, 0), True, {"0": NOON})
    assert (found.due, found.anchor) == (at(30), at(-1))
    late = told(HOURLY, 50, 40)
    assert (verdicts(late), late.fine) == ((0, 1, 0), False)


def test_two_beats_double_an_interval_once_each_interval() -> None:
    found = told(every(60), 250, 60, 80, 120, 140, 180, 200, origins="ABABAB", anchor=0)
    assert found.missed.count == 0
    assert 2 <= found.doubled.count <= 4


def test_what_runs_once_is_expected_once() -> None:
    once = Timetable(clocked(NOON), one_off=True)
    assert told(once, 40, 0.1).due is None
    assert verdicts(told(once, 40, 0.1)) == (1, 0, 0)
    assert verdicts(told(once, 301)) == verdicts(told(once, 900, 600)) == (0, 0, 1)
    assert told(Timetable(crontab(minute="0"), one_off=True), 9000, 3).expected is None
    assert told(every(10, one_off=True), 9000, 9, anchor=0).expected is None


def test_nothing_is_expected_after_an_entry_expires() -> None:
    ending = Timetable(schedule(timedelta(seconds=10)), expires=at(100))
    found = told(ending, 4000, anchor=0)
    assert (found.missed.count, found.due, found.expected) == (1, None, None)


@given(
    st.integers(2, 2_000),
    st.lists(st.floats(0, 20_000), max_size=30),
    st.lists(st.floats(0, 30_000), min_size=1, max_size=8),
    st.booleans(),
)
def test_looking_often_or_seldom_comes_to_the_same(
    seconds: int, ran: list[float], looks: list[float], calendar: bool
) -> None:
    """No slot is judged twice, and none is left out, whenever the watch looks."""
    asked = Timetable(crontab(minute=f"*/{seconds % 30 + 1}")) if calendar else every(seconds)
    runs = [Published(at(moment), "A", str(moment)) for moment in sorted(set(ran))]

    def look(anchor: datetime, until: float, *, overdue: bool = False) -> Judgement:
        known = [run for run in runs if run.at <= at(until)]
        return judge(asked, anchor, known, at(until), TERMS, lambda *_: True, overdue=overdue)

    once = look(NOON, max(looks))
    anchor, kept, late, missed, overdue = NOON, 0, 0, 0, False
    for until in sorted(looks):
        found = look(anchor, until, overdue=overdue)
        anchor = found.anchor
        overdue = overdue if found.came is None else not found.came
        kept, late, missed = kept + found.kept.count, late + found.late.count, missed + found.missed.count
    assert (kept, late, missed) == verdicts(once)
    assert anchor == once.anchor
