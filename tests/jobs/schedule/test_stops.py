"""What is excused when beat or the whole platform is restarted, what is told once only, and what is not told at all."""

from __future__ import annotations

from typing import Any

from django_celery_beat.models import PeriodicTask

from monitoring.jobs.findings import totals
from monitoring.jobs.schedule.models import ScheduleWatch

from .conftest import Schedule

HOUR = 3600


def test_an_interval_that_never_ran_counts_from_the_start_of_beat(schedule: Schedule) -> None:
    """What beat adds from the settings when it starts is saved anew by it, and is due an interval later."""
    schedule.interval("seldom", 600)
    schedule.look(0)
    schedule.clock.move_to(schedule.at(754))
    PeriodicTask.objects.get(name="seldom").save()
    schedule.beat("A", closing=True)
    schedule.silence("A", 1302 - 150)
    schedule.beat("B", uptime=745 - 154, closing=True)
    schedule.silence("B", 1302 - 745)
    schedule.beat("C", uptime=1302 - 754)
    schedule.look(1300)
    assert schedule.open() == set()
    expected = schedule.entry("seldom").expected
    assert expected is not None
    assert schedule.at(1353) < expected < schedule.at(1358)
    schedule.publish("seldom", 1355)
    schedule.look(1358)
    assert (schedule.entry("seldom").kept, schedule.entry("seldom").missed) == (1, 0)
    assert totals()["schedule_missed"] == 0


def test_an_interval_that_never_ran_counts_from_when_it_was_last_saved(schedule: Schedule) -> None:
    made = schedule.interval("seldom", 600)
    schedule.look(0)
    schedule.clock.move_to(schedule.at(500))
    made.description = "what it is for"
    made.save()
    schedule.look(1000)
    assert schedule.entry("seldom").expected == schedule.at(1100)
    schedule.publish("seldom", 1101)
    schedule.look(1102)
    assert (schedule.entry("seldom").kept, totals()["schedule_missed"]) == (1, 0)
    assert schedule.open() == set()


def test_a_planned_stop_of_the_platform_misses_what_the_calendar_asked_for_and_nothing_else(schedule: Schedule) -> None:
    schedule.crontab("nightly", "0", "12")
    schedule.interval("minutely", 60)
    schedule.look(-60)
    schedule.publish("minutely", -5)
    schedule.look(-4)
    schedule.beat("A", closing=True)
    schedule.silence("A", 402)
    schedule.look(400)
    assert schedule.open() == {("schedule_missed", "nightly")}
    schedule.beat("B", uptime=2.0)
    schedule.look(402)
    schedule.publish("minutely", 404, origin="B")
    schedule.look(405)
    entry = schedule.entry("minutely")
    assert (entry.kept, entry.late, entry.missed) == (2, 0, 0)
    assert ScheduleWatch.objects.get().missed == 1


def test_an_interval_is_missed_once_and_that_is_over_as_soon_as_it_runs(schedule: Schedule) -> None:
    schedule.interval("minutely", 60)
    schedule.look(0)
    schedule.look(121)
    schedule.look(400)
    assert schedule.open() == {("schedule_missed", "minutely")}
    schedule.publish("minutely", 401)
    schedule.look(402)
    assert schedule.open() == set()
    assert schedule.entry("minutely").missed == ScheduleWatch.objects.get().missed == 1


def test_a_run_at_its_slot_ends_what_was_missed_at_once(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    schedule.look(301)
    (run,) = schedule.publish("report", HOUR + 0.1)
    schedule.look(HOUR + 1)
    assert schedule.open() == set()
    run.refresh_from_db()
    assert run.slot == schedule.ms(HOUR)
    assert schedule.entry("report").last_slot == schedule.at(HOUR)
    schedule.look(HOUR + 31)
    assert schedule.entry("report").kept == 1


def test_of_entries_that_are_not_watched_only_failed_runs_are_told(schedule: Schedule) -> None:
    schedule.interval("enginel-often", 5)
    schedule.crontab("enginel-hourly")
    schedule.look(-60)
    schedule.look(400)
    schedule.worker()
    schedule.run("enginel-often", 401, None)
    schedule.run("enginel-often", 402, 404, "FAILURE")
    schedule.look(410)
    assert schedule.open() == {("schedule_failed", "enginel-often")}
    often = schedule.entry("enginel-often")
    assert (often.late, often.missed, often.overlapped, often.failed) == (0, 0, 0, 1)
    assert schedule.entry("enginel-hourly").state == "ok"
    assert schedule.entry("enginel-hourly").expected == schedule.at(HOUR)
    assert ScheduleWatch.objects.get().missed == 0


def test_what_is_told_of_an_entry_is_over_when_it_is_watched_no_more(schedule: Schedule, settings: Any) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    schedule.look(301)
    assert schedule.open() == {("schedule_missed", "report")}
    settings.MONITORING = {**settings.MONITORING, "SCHEDULE_UNWATCHED": ["report"]}
    schedule.look(HOUR + 1)
    schedule.look(HOUR + 301)
    assert schedule.open() == set()
