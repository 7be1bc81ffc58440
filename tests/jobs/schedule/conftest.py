"""A schedule to look at: entries, runs that beats published, beats that live, and a clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from monitoring.conf import get_config
from monitoring.jobs import sight
from monitoring.jobs.findings import Finding
from monitoring.jobs.schedule.models import ScheduledRun, ScheduleEntry
from monitoring.jobs.schedule.watch import watch
from monitoring.stream import heartbeats
from tests import pipeline

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_ids = itertools.count()


@dataclass
class Schedule:
    """What a test says happened; seconds are counted from noon."""

    clock: Any
    beats: set[str] = field(default_factory=set)

    def at(self, seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    def crontab(self, name: str, minute: str = "0", hour: str = "*", zone: str = "UTC", **more: Any) -> PeriodicTask:
        asked, _ = CrontabSchedule.objects.get_or_create(minute=minute, hour=hour, timezone=zone)
        return PeriodicTask.objects.create(name=name, task=f"shop.{name}", crontab=asked, **more)

    def interval(self, name: str, seconds: int, **more: Any) -> PeriodicTask:
        asked, _ = IntervalSchedule.objects.get_or_create(every=seconds, period="seconds")
        return PeriodicTask.objects.create(name=name, task=f"shop.{name}", interval=asked, **more)

    def publish(self, entry: str, *seconds: float, origin: str = "A") -> list[ScheduledRun]:
        """Runs that a beat published, and of which nothing else is known yet."""
        return [
            ScheduledRun.objects.create(
                task_id=f"run-{next(_ids)}",
                entry=entry,
                origin=origin,
                published=self.ms(moment),
                state="PUBLISHED",
            )
            for moment in seconds
        ]

    def run(self, entry: str, started: float, ended: float | None, state: str = "SUCCESS", **more: Any) -> ScheduledRun:
        """A run that began, and ended if it did."""
        return ScheduledRun.objects.create(
            task_id=f"run-{next(_ids)}",
            entry=entry,
            origin="A",
            worker="celery@here",
            published=self.ms(started),
            started=self.ms(started),
            ended=None if ended is None else self.ms(ended),
            state="STARTED" if ended is None else state,
            rank=1 if ended is None else 2,
            open=True,
            **more,
        )

    def ms(self, seconds: float) -> int:
        return int(self.at(seconds).timestamp() * 1000)

    def beat(self, node: str = "A", **state: Any) -> None:
        """A heartbeat of a beat."""
        said = {"uptime": 1_000_000.0, "interval": 3.0, "last_tick": 0.1, "max_interval": 5.0, "closing": False} | state
        self._say("beat", node, said)

    def worker(self, node: str = "celery@here", **state: Any) -> None:
        """A heartbeat of a worker."""
        self._say("worker", node, {"interval": 3.0, "closing": False} | state)

    def _say(self, kind: heartbeats.Kind, node: str, state: dict[str, Any]) -> None:
        config = get_config()
        heartbeats.send(pipeline.client(), config.stream_prefix, kind, node, state)

    def silence(self, node: str, seconds: float, kind: str = "beat") -> None:
        """Let the last heartbeat of somebody be so long ago."""
        key = f"{get_config().stream_prefix}:heartbeats"
        (member,) = pipeline.client().zscan_iter(key, f"{kind}:*{node}")
        pipeline.client().zincrby(key, -seconds * 1000, member[0])

    def look(self, seconds: float) -> None:
        """Watch at a moment; two seconds are left for what is still on its way."""
        self.clock.move_to(self.at(seconds + 2))
        sight.forget()
        watch(get_config())

    def entry(self, name: str) -> ScheduleEntry:
        return ScheduleEntry.objects.get(name=name)

    def open(self) -> set[tuple[str, str]]:
        """What is wrong now."""
        return set(Finding.objects.filter(closed=None).values_list("kind", "subject"))

    def finding(self, kind: str) -> Finding:
        return Finding.objects.get(kind=kind)


@pytest.fixture
def schedule(db: None, redis_client: Any) -> Iterator[Schedule]:
    """An empty schedule, at noon, with a beat that lives."""
    PeriodicTask.objects.all().delete()
    with time_machine.travel(NOON, tick=False) as clock:
        made = Schedule(clock)
        made.beat()
        yield made
