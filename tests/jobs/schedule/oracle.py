"""Beat itself, stepped through time: its own entry is asked whether it is due, as the scheduler does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from celery import Celery
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import ModelEntry

APP = Celery("oracle", set_as_current=False)
APP.conf.timezone = "UTC"


def crontab_entry(zone: str, **fields: Any) -> PeriodicTask:
    """An entry of the table, unsaved."""
    crontab = CrontabSchedule(timezone=zone, **fields)
    return PeriodicTask(name="nightly", task="shop.nightly", crontab=crontab, enabled=True)


def runs_of_beat(entry: PeriodicTask, start: datetime, end: datetime, most: int = 25) -> list[datetime]:
    """When beat publishes between two moments: it asks whether the entry is due, waits as told, and runs it."""
    entry.last_run_at = start
    beat = ModelEntry(entry, app=APP)
    now, ran = start, []
    while now < end and len(ran) < most:
        with time_machine.travel(now, tick=False):
            due, wait = beat.is_due()
            if due:
                ran.append(now)
                beat = next(beat)
                continue
        # The heap wakes it a little late, never early.
        now += timedelta(seconds=wait, milliseconds=2)
    return [moment.astimezone(UTC) for moment in ran]
