"""What a whole platform says of its beat: killed, doubled, frozen; and of the runs that are missed meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.jobs.crew import Crew

from .platform import ROOT, Client, Platform, paused, wait_until
from .watching import Case, Said, Watching, closed, opened

pytestmark = [pytest.mark.system, pytest.mark.soak]

ENTRY = "inventory"
EVERY = 5
OFTEN = {ENTRY, "beat", "enginel-watch", "enginel-revive-drains", "enginel-evaluate-health"}
_CREATE = f"""
from django_celery_beat.models import IntervalSchedule, PeriodicTask
every, _ = IntervalSchedule.objects.get_or_create(every={EVERY}, period="seconds")
PeriodicTask.objects.create(name="{ENTRY}", task="crew.ok", interval=every, queue="ends")
"""


@pytest.fixture(scope="module")
def scheduled(watched_platform: Platform, crews: dict[str, Crew]) -> Platform:
    """The platform with one more entry in its schedule, added as the admin pages would, that has run."""
    command = [sys.executable, "manage.py", "shell", "-c", _CREATE]
    environment = watched_platform.environment()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, timeout=60)
    watching = Watching(Client(watched_platform))
    wait_until(lambda: entry(watching)["kept"] >= 2, "it runs", 90.0, lambda: entry(watching))
    return watched_platform


@pytest.fixture
def second_beat(watched_platform: Platform, tmp_path: Path) -> Iterator[Any]:
    """Start another beat on the same schedule when it is called."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).with_name("celery")), "--app", "enginel", "beat", "--pidfile="]
        with (tmp_path / "beat.log").open("ab") as log:
            beat = subprocess.Popen(command, env=watched_platform.environment(), cwd=ROOT, stdout=log, stderr=log)
        started.append(beat)
        return beat

    yield start
    for beat in started:
        beat.kill()
        beat.wait(10)


def the_beat(platform: Platform) -> psutil.Process:
    """Find the platform's own beat."""
    assert platform.process is not None
    family = psutil.Process(platform.process.pid).children()
    (beat,) = (one for one in family if "beat" in one.cmdline())
    return beat


def entry(watching: Watching) -> dict[str, Any]:
    """Return what is said of the entry."""
    found = watching.get(f"schedule/?name={ENTRY}")["results"]
    return dict(found[0]) if found else {"kept": 0, "last_run": None}


def beats(watching: Watching) -> list[str]:
    """Return the beats that live."""
    return [beat["node"] for beat in watching.get("schedule/beats/")["beats"] if beat["alive"]]


def test_a_killed_beat_is_replaced_and_a_hanging_one_is_told_with_the_runs_that_were_missed(
    scheduled: Platform, watching: Watching
) -> None:
    before, at = beats(watching), time.time()
    the_beat(scheduled).kill()

    def run_by_another(_said: Said) -> float | None:
        return at if entry(watching)["last_run"]["beat"] not in before else None

    said = watching.await_all([Case("beat: SIGKILL, and bin/up starts it again", "runs go on", run_by_another)])
    assert said.findings == [], "nothing was missed"
    missed = said.metrics["enginel_scheduled_runs_missed_total",]

    # Frozen, it cannot say goodbye, and bin/up sees a process that runs.
    at = time.time()
    with paused(the_beat(scheduled)):
        watching.await_all(
            [
                Case(
                    "beat hangs",
                    "enginel_beat_up 0",
                    lambda said: at if said.metrics["enginel_beat_up",] == 0 else None,
                ),
                Case("beat hangs", "beat_dead", opened("beat_dead", "", at)),
                Case(f"beat hangs: a run each {EVERY} s", "schedule_missed", opened("schedule_missed", ENTRY, at)),
            ]
        )
    at = time.time()
    watching.await_all(
        [
            Case("beat goes on", "beat_dead is over", closed("beat_dead", "", at)),
            Case("beat goes on", "schedule_missed is over", closed("schedule_missed", ENTRY, at)),
        ]
    )
    watching.looked_again()
    said = watching.look()
    assert told_once(said) - {"schedule_late"} == {"beat_dead", "schedule_missed"}
    assert said.metrics["enginel_scheduled_runs_missed_total",] > missed


@pytest.mark.soak
def test_a_second_beat_is_told_and_that_it_is_gone(scheduled: Platform, watching: Watching, second_beat: Any) -> None:
    at, second = time.time(), second_beat()
    watching.await_all(
        [
            Case("a second beat starts", "beat_doubled", opened("beat_doubled", "", at)),
            Case("a second beat starts", "schedule_doubled", opened("schedule_doubled", ENTRY, at)),
        ]
    )
    at = time.time()
    second.terminate()
    assert second.wait(20) == 0
    watching.await_all(
        [
            Case("the second beat ends", "beat_doubled is over", closed("beat_doubled", "", at)),
            Case("the second beat ends", "schedule_doubled is over", closed("schedule_doubled", "", at)),
        ]
    )
    watching.looked_again()
    # What is published twice runs at the same time, too.
    assert told_once(watching.look()) - {"schedule_overlap"} == {"beat_doubled", "schedule_doubled"}


def told_once(said: Said) -> set[str]:
    """Return the kinds of what was found, each once; what is about an entry of long intervals may still stand."""
    assert not {subject for _, subject in said.standing()} & OFTEN
    subjects = [(one["kind"], one["subject"]) for one in said.findings]
    assert len(subjects) == len(set(subjects)), f"each is told once: {subjects}"
    return {kind for kind, _ in subjects}
