"""Slots are those at which beat runs, also where clocks are set forward and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from celery.schedules import crontab, schedule, solar
from django_celery_beat.clockedschedule import clocked
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.jobs.schedule import timetable
from monitoring.jobs.schedule.timetable import Timetable

from .oracle import crontab_entry, runs_of_beat

SECOND = timedelta(seconds=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]
CHANGES = {
    "Europe/Berlin": [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
    "America/New_York": [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)],
    "Australia/Lord_Howe": [datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)],
}


def slots(asked: Timetable, start: datetime, end: datetime, most: int = 1_000) -> list[datetime]:
    found: list[datetime] = []
    moment = start
    while len(found) < most and (following := asked.following(moment)) is not None and following < end:
        found.append(following)
        moment = following
    return found


def minutes(moments: list[datetime]) -> list[datetime]:
    return [moment.replace(second=0, microsecond=0) for moment in moments]


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.lists(number, min_size=2, max_size=4, unique=True).map(lambda found: ",".join(map(str, sorted(found)))),
        st.integers(2, 20).map(lambda step: f"*/{step}"),
    )


@settings(max_examples=60)
@given(
    st.sampled_from(ZONES),
    field(0, 59),
    field(0, 23),
    st.one_of(st.just("*"), field(0, 6)),
    st.one_of(st.just("*"), field(1, 28)),
    st.integers(0, 1_000 * 1440).map(lambda ago: datetime(2027, 12, 1, tzinfo=UTC) - timedelta(minutes=ago)),
)
def test_slots_of_a_crontab_are_when_beat_runs(
    zone: str, minute: str, hour: str, weekday: str, day: str, begin: datetime
) -> None:
    end = begin + timedelta(days=40)
    entry = crontab_entry(zone, minute=minute, hour=hour, day_of_week=weekday, day_of_month=day)
    ran = minutes(runs_of_beat(entry, begin, end))
    assert slots(timetable.of(entry), begin, end, len(ran)) == ran


@settings(max_examples=80)
@given(
    st.sampled_from(sorted(CHANGES)),
    st.integers(0, 1),
    field(0, 59),
    st.sampled_from(["*", "0,1,2,3", "1", "2", "3", "*/2"]),
    st.integers(0, 300),
)
def test_slots_around_a_clock_change_are_when_beat_runs(
    zone: str, which: int, minute: str, hour: str, before: int
) -> None:
    begin = CHANGES[zone][which] - timedelta(minutes=before, seconds=30)
    end = begin + timedelta(hours=9)
    entry = crontab_entry(zone, minute=minute, hour=hour)
    ran = minutes(runs_of_beat(entry, begin, end))
    assert slots(timetable.of(entry), begin, end, len(ran)) == ran


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "day", "expected"),
    [
        # At 2:00 clocks go to 3:00: half past two is half past three that day.
        ("Europe/Berlin", "2", "30", date(2026, 3, 29), ["2026-03-29 03:30+02:00"]),
        # At 3:00 clocks go back to 2:00: once, before they do.
        ("Europe/Berlin", "2", "30", date(2026, 10, 25), ["2026-10-25 02:30+02:00"]),
        ("America/New_York", "1", "15", date(2026, 11, 1), ["2026-11-01 01:15-04:00"]),
        # Half an hour is all they are set by here.
        ("Australia/Lord_Howe", "2", "15", date(2026, 10, 4), ["2026-10-04 02:45+11:00"]),
    ],
)
def test_a_nightly_run_happens_once_when_clocks_change(
    zone: str, hour: str, minute: str, day: date, expected: list[str]
) -> None:
    place = ZoneInfo(zone)
    entry = crontab_entry(zone, hour=hour, minute=minute)
    begin = datetime.combine(day, time(), place)
    end = datetime.combine(day + timedelta(days=1), time(), place)
    found = [f"{slot.astimezone(place):%Y-%m-%d %H:%M%z}" for slot in slots(timetable.of(entry), begin, end)]
    assert found == [text[:-3] + text[-2:] for text in expected]


def test_an_entry_that_begins_within_a_repeated_hour_is_due_after_it() -> None:
    entry = crontab_entry("America/New_York", minute="*/20")
    again = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    assert timetable.of(entry).following(again) == datetime(2026, 11, 1, 7, tzinfo=UTC)
    # Meanwhile beat runs it over and over.
    ran = runs_of_beat(entry, again, again + timedelta(minutes=1), most=10)
    assert len(ran) == 10
    assert ran[-1] - ran[0] < timedelta(seconds=1)


def test_a_crontab_begins_with_its_start_time_and_ends_before_it_expires() -> None:
    start, end = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 1, 14, tzinfo=UTC)
    asked = Timetable(crontab(minute="0"), start_time=start, expires=end)
    assert slots(asked, start - timedelta(days=2), end + timedelta(days=2)) == [start, start + timedelta(hours=1)]


def test_an_interval_counts_from_the_last_run_and_waits_for_its_start_time() -> None:
    ran = datetime(2026, 5, 1, 12, 0, 7, tzinfo=UTC)
    asked = Timetable(schedule(timedelta(minutes=10)))
    assert asked.following(ran) == ran + timedelta(minutes=10)
    start = ran + timedelta(hours=3)
    assert Timetable(asked.schedule, start_time=start).following(ran) == start
    assert Timetable(asked.schedule, expires=ran + timedelta(minutes=10)).following(ran) is None


def test_an_interval_of_no_length_is_no_endless_loop() -> None:
    asked = Timetable(schedule(timedelta(0)))
    now = datetime(2026, 5, 1, tzinfo=UTC)
    following = asked.following(now)
    assert following is not None
    assert following > now


def test_a_clocked_entry_has_one_slot() -> None:
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    asked = Timetable(clocked(at), one_off=True)
    assert asked.following(at - SECOND) == at
    assert asked.following(at) is None


def test_the_sun_rises_once_a_day() -> None:
    asked = Timetable(solar("sunrise", 48.14, 11.58))
    begin = datetime(2026, 3, 27, tzinfo=UTC)
    found = slots(asked, begin, begin + timedelta(days=5))
    assert len(found) == 5
    gaps = [later - sooner for sooner, later in pairwise(found)]
    assert all(timedelta(hours=23, minutes=50) < gap < timedelta(hours=24) for gap in gaps)
    assert found[0].hour == 5


def test_the_sun_may_not_rise_for_months() -> None:
    asked = Timetable(solar("sunrise", 78.22, 15.63))
    following = asked.following(datetime(2026, 11, 15, tzinfo=UTC))
    assert following is not None
    assert following.month == 2
