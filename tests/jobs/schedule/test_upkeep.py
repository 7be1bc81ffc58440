"""Old runs go, two watches write once, and somebody looks while beat is dead."""

from __future__ import annotations

from typing import Any

import pytest
from django_celery_beat.models import PeriodicTask

from monitoring.conf import get_config
from monitoring.jobs import sight, turns
from monitoring.jobs.findings import totals
from monitoring.jobs.schedule import watch as module
from monitoring.jobs.schedule.models import ScheduledRun, ScheduleWatch
from tests import pipeline

from .conftest import Schedule


def test_the_latest_runs_of_each_entry_stay(schedule: Schedule, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SCHEDULE_RUNS_KEPT": 3}
    schedule.interval("often", 10)
    schedule.crontab("report")
    schedule.look(0)
    schedule.publish("often", *range(10, 400, 10))
    schedule.publish("report", 0.1)
    schedule.worker()
    schedule.run("often", 15, None)
    schedule.look(330)
    left = ScheduledRun.objects.filter(entry="often", state="PUBLISHED").order_by("published")
    # What was not judged yet is evidence; the trimming comes after the judging of what it goes by.
    assert left.count() <= 9
    assert left.last() is not None
    assert ScheduledRun.objects.filter(entry="often", state="STARTED").exists()
    assert ScheduledRun.objects.filter(entry="report").exists()
    assert schedule.entry("often").missed == 0


def test_runs_of_entries_that_are_gone_go_after_a_day(schedule: Schedule) -> None:
    schedule.interval("often", 3600)
    schedule.look(0)
    schedule.publish("often", 10)
    PeriodicTask.objects.all().delete()
    schedule.look(600)
    assert ScheduledRun.objects.exists()
    schedule.look(86_400 + 600)
    assert not ScheduledRun.objects.exists()


def test_of_two_watches_at_once_one_writes(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule.crontab("report")
    schedule.look(-60)
    judge, nested = module.judge, []

    def judge_twice(*arguments: Any, **more: Any) -> Any:
        if not nested:
            nested.append(True)
            schedule.look(301)
        return judge(*arguments, **more)

    monkeypatch.setattr(module, "judge", judge_twice)
    schedule.look(301)
    assert nested
    assert totals()["schedule_missed"] == 1
    assert ScheduleWatch.objects.get().missed == schedule.entry("report").missed == 1


def test_a_drain_has_somebody_look_when_nobody_does(schedule: Schedule) -> None:
    config = get_config()
    assert turns.take(config)
    assert not turns.take(config)
    pipeline.client().delete(f"{config.stream_prefix}:watched")
    turns.begin(config)
    assert not turns.take(config)
    assert 0 < sight.client_of(config.redis_url).pttl(f"{config.stream_prefix}:watched") <= 10_000
