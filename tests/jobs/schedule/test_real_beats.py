"""Real beats and a real worker: what is said of them, and how soon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from monitoring.conf import get_config
from monitoring.jobs import sight
from monitoring.jobs.findings import Finding, totals
from monitoring.jobs.schedule.models import ScheduledRun, ScheduleEntry
from monitoring.jobs.schedule.watch import watch
from tests import pipeline
from tests.jobs.crew import Crew
from tests.system.platform import ROOT, wait_until

pytestmark = pytest.mark.system

SOON = {"schedule_late_seconds": 3.0, "schedule_missed_seconds": 3.0}
IMPATIENT = {**SOON, "beat_dead_seconds": 2.0}


@dataclass
class Beats:
    """Beats with a database of their own, which holds nothing but their entries."""

    crew: Crew
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        config = get_config()
        monitoring = json.loads(self.crew.environment()["MONITORING"]) | {"STREAM_PREFIX": config.stream_prefix}
        settings = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        return settings | {
            "ENGINEL_VAR": str(self.folder / "var"),
            "REDIS_URL": config.redis_url,
            "MONITORING": json.dumps(monitoring),
            "CREW_QUEUE": self.crew.queue,
            "PYTHONPATH": str(ROOT),
        }

    def prepare(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "django_celery_beat", "-v", "0"]
        subprocess.run(command, env=self.environment(), cwd=ROOT, check=True)

    def launch(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.schedule.beat_app", "beat"]
        options = ["--pidfile", "", "--loglevel", "INFO", "--max-interval", "1"]
        log = (self.folder / f"beat-{len(self.running)}.log").open("ab")
        beat = subprocess.Popen([*command, *options], env=self.environment(), cwd=ROOT, stdout=log, stderr=log)
        self.running.append(beat)
        return beat

    def start(self) -> subprocess.Popen[bytes]:
        beat = self.launch()
        self.await_life(beat)
        return beat

    def await_life(self, beat: subprocess.Popen[bytes]) -> None:
        wait_until(lambda: self.node(beat), "beat says that it lives", 60.0, self.logs)

    def node(self, beat: subprocess.Popen[bytes]) -> str:
        found = (one.node for one in self.crew.heartbeats() if one.kind == "beat" and one.state["pid"] == beat.pid)
        return next(found, "")

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for beat in self.running:
            beat.kill()
            beat.wait(10)


@pytest.fixture
def beats(transactional_db: None, crew: Crew, tmp_path: Path) -> Iterator[Beats]:
    made = Beats(crew, tmp_path)
    made.prepare()
    yield made
    made.close()


def look(**impatience: Any) -> set[str]:
    """Take in what was said, watch once, and return what is wrong."""
    pipeline.drain_all()
    sight.forget()
    watch(replace(get_config(), **impatience))
    return set(Finding.objects.filter(closed=None).values_list("kind", flat=True))


def known() -> str:
    return "\n".join(str(row) for row in [*Finding.objects.values(), *ScheduleEntry.objects.values()])


def runs_of(node: str) -> int:
    look()
    return ScheduledRun.objects.filter(origin=node, state="SUCCESS").count()


def test_beats_are_watched_from_outside(beats: Beats) -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
    PeriodicTask.objects.create(name="tick", task="crew.ok", interval=every)
    worker = beats.crew.launch("--pool", "solo")
    first = beats.launch()
    beats.crew.await_life(*worker)
    beats.await_life(first)
    wait_until(lambda: runs_of(beats.node(first)) >= 2, "runs of the first beat", 60.0, beats.logs)
    run = ScheduledRun.objects.filter(state="SUCCESS").earliest("published")
    assert (run.entry, run.queue, run.worker) == ("tick", beats.crew.queue, "crew@test")

    # A restart: told to go, it says goodbye at once, and the next one takes over.
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    assert [one.state["closing"] for one in beats.crew.heartbeats() if one.kind == "beat"] == [True]
    second = beats.start()
    wait_until(lambda: runs_of(beats.node(second)) >= 2, "runs of the second beat", 60.0, beats.logs)
    assert sum(totals().values()) == 0

    # Two beats.
    third = beats.start()
    wait_until(lambda: look(**SOON) >= {"beat_doubled", "schedule_doubled"}, "two beats are found", 60.0, known)
    third.send_signal(signal.SIGTERM)
    assert third.wait(20) == 0
    wait_until(lambda: not look(**SOON), "one beat is fine", 60.0, known)

    # No beat: killed, it cannot say goodbye.
    before = totals()
    second.kill()
    second.wait(10)
    wait_until(lambda: look(**IMPATIENT) >= {"beat_dead", "schedule_missed"}, "a dead beat is found", 30.0, known)
    look(**IMPATIENT)
    found = {kind: count - before[kind] for kind, count in totals().items() if count != before[kind]}
    assert found == {"beat_dead": 1, "schedule_missed": 1}
    assert ScheduleEntry.objects.get().missed > 0
