"""Each slot is judged once, whatever happens to beat, to the watch, to the clock and to the entry."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from monitoring.jobs.findings import Finding, totals
from monitoring.jobs.schedule.models import ScheduledRun, ScheduleWatch
from monitoring.stream.streams import append
from tests import pipeline

from .conftest import Schedule

HOUR = 3600


def test_a_run_at_its_time_is_nothing_to_speak_of(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    assert schedule.entry("report").expected == schedule.at(0)
    (run,) = schedule.publish("report", 0.02)
    schedule.look(31)
    entry = schedule.entry("report")
    assert (entry.kept, entry.late, entry.missed, entry.state) == (1, 0, 0, "ok")
    assert entry.expected == schedule.at(HOUR)
    assert entry.words == "Every hour UTC"
    run.refresh_from_db()
    assert run.slot == schedule.ms(0)
    assert schedule.open() == set()


def test_a_late_run_is_found_once_and_resolved_by_the_next(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    schedule.publish("report", 90)
    schedule.look(91)
    schedule.look(96)
    assert schedule.open() == {("schedule_late", "report")}
    found = schedule.finding("schedule_late")
    assert found.detail == {
        "entry": "report",
        "task": "shop.report",
        "count": 1,
        "first": "2026-11-20T12:00:00+00:00",
        "last": "2026-11-20T12:00:00+00:00",
        "seconds": 90.0,
    }
    assert schedule.entry("report").state == "late"
    schedule.publish("report", HOUR + 0.1)
    schedule.look(HOUR + 31)
    assert schedule.open() == set()
    assert schedule.entry("report").state == "ok"
    assert totals()["schedule_late"] == 1


def test_a_run_that_beat_skipped_is_missed_once(schedule: Schedule) -> None:
    schedule.crontab("nightly", "0", "12")
    schedule.look(-60)
    schedule.look(290)
    assert schedule.open() == set()
    schedule.look(301)
    schedule.look(306)
    schedule.look(HOUR)
    assert schedule.open() == {("schedule_missed", "nightly")}
    assert schedule.entry("nightly").missed == 1
    assert ScheduleWatch.objects.get().missed == 1
    schedule.publish("nightly", 24 * HOUR + 0.5)
    schedule.look(24 * HOUR + 31)
    assert schedule.open() == set()
    assert totals()["schedule_missed"] == 1


def test_an_outage_is_one_finding_for_each_entry_with_its_slots(schedule: Schedule) -> None:
    schedule.crontab("minutely", "*")
    schedule.interval("often", 5)
    schedule.look(-30)
    schedule.look(1800)
    rows = {row.subject: row.detail for row in Finding.objects.filter(kind="schedule_missed")}
    assert rows["minutely"]["count"] == 30
    assert rows["minutely"]["first"] == "2026-11-20T12:00:00+00:00"
    assert rows["often"]["count"] == 1  # its next run is due once, whenever beat comes back
    schedule.look(3600)
    rows = {row.subject: row.detail for row in Finding.objects.filter(kind="schedule_missed")}
    assert rows["minutely"]["count"] == 60
    assert rows["minutely"]["last"] == "2026-11-20T12:59:00+00:00"
    assert totals()["schedule_missed"] == 2


def test_runs_of_a_beat_that_was_restarted_are_fine(schedule: Schedule) -> None:
    """It runs again what it ran shortly before it was killed: its memory is up to three minutes old."""
    schedule.crontab("report")
    schedule.interval("often", 60)
    schedule.beat("A", uptime=1_000.0)
    schedule.silence("A", 20)
    schedule.beat("B", uptime=10.0)
    schedule.look(-60)
    schedule.publish("report", 0.1)
    schedule.publish("report", 15, origin="B")
    schedule.publish("often", 0, 60)
    schedule.publish("often", 75, 135, origin="B")
    schedule.look(150)
    assert schedule.open() == set()
    assert schedule.entry("report").kept == 1


def test_two_beats_are_found_at_the_slot_and_by_their_heartbeats(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.interval("often", 60)
    schedule.look(-60)
    schedule.beat("B", uptime=500.0)
    schedule.publish("report", 0.1)
    schedule.publish("report", 0.4, origin="B")
    schedule.publish("often", 0, 60)
    schedule.publish("often", 20, 80, origin="B")
    schedule.look(100)
    assert schedule.open() == {
        ("schedule_doubled", "report"),
        ("schedule_doubled", "often"),
        ("beat_doubled", "beat"),
    }
    assert schedule.finding("beat_doubled").detail == {"nodes": ["A", "B"]}
    schedule.beat("B", closing=True)
    schedule.publish("report", HOUR + 0.1)
    schedule.publish("often", *range(120, HOUR + 60, 60))
    schedule.look(HOUR + 31)
    assert schedule.open() == set()


def test_one_beat_that_hands_over_to_the_next_is_no_double(schedule: Schedule) -> None:
    schedule.interval("often", 60)
    schedule.beat("B", uptime=2.0)
    schedule.look(0)
    assert schedule.open() == set()


def test_a_dead_beat_is_found_when_its_time_is_over(schedule: Schedule) -> None:
    schedule.interval("often", 3600)
    schedule.look(0)
    schedule.silence("A", 20)
    schedule.look(10)
    assert schedule.open() == set()
    schedule.silence("A", 20)
    schedule.look(25)
    schedule.look(31)
    assert schedule.open() == {("beat_dead", "beat")}
    assert schedule.finding("beat_dead").detail["node"] == "A"
    schedule.beat("B", uptime=1.0)
    schedule.look(35)
    assert schedule.open() == set()


def test_a_beat_whose_loop_hangs_is_dead(schedule: Schedule) -> None:
    schedule.interval("often", 3600)
    schedule.look(0)
    schedule.beat("A", last_tick=31.0)
    schedule.look(20)
    schedule.look(31)
    assert schedule.finding("beat_dead").detail["reason"] == "its loop does not tick"


def test_everybody_gets_time_to_start(schedule: Schedule) -> None:
    """A platform that was off for a while starts its watch before its beat."""
    schedule.interval("often", 3600)
    schedule.look(0)
    schedule.silence("A", 80_000)
    for seconds in (80_000, 80_010, 80_020, 80_029):
        schedule.look(seconds)
    assert schedule.open() == {("schedule_missed", "often")}
    schedule.look(80_040)
    assert ("beat_dead", "beat") in schedule.open()


def test_no_beat_is_needed_where_nothing_is_scheduled(schedule: Schedule) -> None:
    schedule.interval("often", 60, enabled=False)
    for seconds in range(0, 100, 10):
        schedule.silence("A", 100)
        schedule.look(seconds)
    assert schedule.open() == set()
    assert schedule.entry("often").state == "disabled"


def test_an_edit_makes_new_slots_and_no_misses(schedule: Schedule) -> None:
    entry = schedule.crontab("report", "0", "12")
    schedule.look(-60)
    entry.crontab = CrontabSchedule.objects.create(minute="30", hour="11,13", timezone="UTC")
    entry.save()
    schedule.look(600)
    assert schedule.open() == set()
    assert schedule.entry("report").expected == schedule.at(1.5 * HOUR)
    schedule.look(1.5 * HOUR + 301)
    assert schedule.finding("schedule_missed").detail["first"] == "2026-11-20T13:30:00+00:00"


def test_an_edit_of_the_crontab_itself_is_seen(schedule: Schedule) -> None:
    entry = schedule.crontab("report", "0", "12")
    schedule.look(-60)
    CrontabSchedule.objects.filter(pk=entry.crontab.pk).update(hour="15")  # tells nobody
    schedule.look(10)
    assert schedule.entry("report").expected == schedule.at(3 * HOUR)


def test_what_is_disabled_or_deleted_is_wrong_no_more(schedule: Schedule) -> None:
    for name in ("one", "two"):
        schedule.crontab(name)
    schedule.look(-60)
    schedule.look(301)
    assert len(schedule.open()) == 2
    one = PeriodicTask.objects.get(name="one")
    one.enabled = False
    one.save()
    PeriodicTask.objects.get(name="two").delete()
    schedule.look(310)
    assert schedule.open() == set()
    assert schedule.entry("one").state == "disabled"
    one.enabled = True
    one.save()
    schedule.look(7200 - 60)
    assert schedule.entry("one").expected == schedule.at(7200)
    assert ScheduleWatch.objects.get().missed == 2


def test_a_watch_that_was_away_finds_what_it_missed_and_no_more(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    schedule.publish("report", *(hour * HOUR + 0.1 for hour in range(48) if hour not in (7, 8)))
    schedule.look(47 * HOUR + 31)
    entry = schedule.entry("report")
    assert (entry.kept, entry.missed) == (46, 2)
    found = schedule.finding("schedule_missed")
    assert (found.detail["count"], found.closed is not None) == (2, True)


def test_nothing_is_judged_that_may_still_be_in_the_stream(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    schedule.clock.move_to(schedule.at(302))
    stream = pipeline.stream("facts")
    append(pipeline.client(), stream, {"v": "1"}, 10**8)
    pipeline.client().delete(stream.key)
    old = int((pipeline.client().time()[0] - 10) * 1000)
    pipeline.client().xadd(stream.key, {"v": "1"}, id=f"{old}-0")
    schedule.look(305)
    assert schedule.open() == set()
    pipeline.client().delete(stream.key)
    schedule.look(306)
    assert schedule.open() == {("schedule_missed", "report")}


def test_a_clock_that_was_ahead_makes_nobody_blind(schedule: Schedule) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    schedule.look(90 * 24 * HOUR)
    Finding.objects.all().delete()
    schedule.look(-30)
    schedule.look(40)
    schedule.look(301)
    assert schedule.open() == {("schedule_missed", "report")}


def test_a_run_that_failed_is_found_and_resolved_by_one_that_did_not(schedule: Schedule) -> None:
    schedule.interval("often", 60)
    schedule.worker()
    schedule.run("often", 1, 2, "FAILURE")
    schedule.look(5)
    schedule.look(10)
    entry = schedule.entry("often")
    assert (entry.failed, entry.state) == (1, "failed")
    assert schedule.finding("schedule_failed").detail["lost"] is False
    schedule.run("often", 61, 62)
    schedule.look(70)
    assert schedule.open() == set()
    assert schedule.entry("often").state == "ok"
    assert not ScheduledRun.objects.filter(open=True).exists()


def test_runs_that_overlap_are_found(schedule: Schedule) -> None:
    schedule.interval("often", 60)
    schedule.worker()
    schedule.look(0)
    long = schedule.run("often", 1, None)
    schedule.look(30)
    assert schedule.open() == set()
    second = schedule.run("often", 61, 63)
    schedule.look(70)
    found = schedule.finding("schedule_overlap")
    assert (found.detail["task_id"], found.detail["beside"]) == (second.task_id, long.task_id)
    ScheduledRun.objects.filter(pk=long.pk).update(state="SUCCESS", ended=schedule.ms(75), rank=2)
    schedule.run("often", 121, 122)
    schedule.look(130)
    assert schedule.open() == set()
    assert schedule.entry("often").overlapped == 1


def test_a_run_whose_worker_died_does_not_run_for_ever(schedule: Schedule) -> None:
    schedule.interval("often", 60)
    schedule.worker()
    schedule.look(0)
    schedule.run("often", 1, None, task="tasks.intake.revive")
    schedule.look(5)
    schedule.silence("celery@here", 60, "worker")
    schedule.look(10)
    assert schedule.open() == {("schedule_failed", "often")}
    assert schedule.finding("schedule_failed").detail["lost"] is True
    assert ScheduledRun.objects.get().state == "LOST"


def test_an_entry_that_beat_cannot_read_says_so(schedule: Schedule) -> None:
    asked = CrontabSchedule.objects.create(minute="0", hour="99", timezone="UTC")
    PeriodicTask.objects.create(name="broken", task="shop.broken", crontab=asked)
    schedule.look(0)
    entry = schedule.entry("broken")
    assert "99" in entry.problem
    assert entry.due is None
    CrontabSchedule.objects.update(hour="13")
    schedule.look(70)
    assert schedule.entry("broken").problem == ""
    assert schedule.entry("broken").expected == schedule.at(HOUR)


def test_an_entry_that_is_never_due_in_this_world_keeps_no_other_from_being_judged(schedule: Schedule) -> None:
    asked = IntervalSchedule.objects.create(every=2_000_000_000, period="days")
    PeriodicTask.objects.create(name="aeons", task="shop.aeons", interval=asked)
    schedule.crontab("report")
    schedule.look(-60)
    schedule.look(301)
    assert "Overflow" in schedule.entry("aeons").problem
    assert schedule.open() == {("schedule_missed", "report")}


@pytest.mark.parametrize("entries", [10, 1_000])
def test_a_look_costs_the_same_number_of_queries_for_any_number_of_entries(schedule: Schedule, entries: int) -> None:
    first = schedule.interval("entry-0", 60)
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"entry-{n}", task="shop.often", interval=first.interval) for n in range(1, entries)
    )
    PeriodicTasks.update_changed()
    schedule.look(0)
    for n in range(entries):
        ScheduledRun(
            task_id=f"task-{n}", entry=f"entry-{n}", origin="A", published=schedule.ms(60), state="PUBLISHED"
        ).save()
    schedule.look(5)
    with CaptureQueriesContext(
        connection,
    ) as quiet:
        schedule.look(10)
    assert len(quiet) <= 10
    with CaptureQueriesContext(connection) as judging:
        schedule.look(92)
    assert schedule.entry("entry-0").kept == 1
    assert len(judging) <= 30
    with CaptureQueriesContext(connection) as missing:
        schedule.look(600)
    assert totals()["schedule_missed"] == entries
    assert len(missing) <= 40
