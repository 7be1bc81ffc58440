"""Workers that are killed at random under load: what began and did not end is told once, and nothing else is."""

from __future__ import annotations

import random
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from celery import Celery

from tests.jobs.crew import Crew
from tests.system.databases import migrated_database
from tests.system.platform import Client, Platform, wait_until
from tests.system.watching import Watching

KILLS = 10
LATE_KILLS = 4
MARGIN = 1.0
"""Nobody can say of what begins or ends so few seconds before a kill whether it was still told."""
TOLD_WITHIN = 30.0
CONCURRENCY = 3
Execution = tuple[str, float]
"""A task's id, and when it began."""


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with migrated_database() as database_url:
        made = Platform(tmp_path, database_url)
        try:
            made.start()
            yield made
        finally:
            made.kill()


@dataclass
class Load:
    """Short and long tasks for one worker, each of which leaves word of when it began and ended.

    Attributes:
        sent: Ids of the tasks, by the file in which each leaves word.
    """

    crew: Crew
    folder: Path
    task: str
    sent: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self._chance = random.Random(self.task)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        waiting: list[Path] = []
        while not self._over.wait(0.05):
            waiting = [path for path in waiting if not path.with_suffix(".began").exists()]
            if len(waiting) < CONCURRENCY:  # enough to keep the worker busy, and no more: nothing waits for long
                path, is_long = self.folder / uuid.uuid4().hex, self._chance.random() < 0.4
                length = self._chance.uniform(3.0, 6.0) if is_long else self._chance.uniform(0.0, 0.3)
                self.sent[path] = self.crew.send(self.task, length, str(path))
                waiting.append(path)

    def stop(self) -> None:
        """Send no more."""
        self._over.set()
        self._thread.join(30)

    def times(self, word: str) -> dict[str, list[float]]:
        """Return when each task began, or ended, as often as it did, by its id."""
        files = {task_id: path.with_suffix(f".{word}") for path, task_id in list(self.sent.items())}
        return {
            task_id: [float(line) for line in path.read_text().split()]
            for task_id, path in files.items()
            if path.exists()
        }


@dataclass
class Victim:
    """Worker after worker of one name, each of which is killed."""

    crew: Crew
    load: Load
    kills: list[float] = field(default_factory=list)

    def launch(self) -> None:
        self.crew.start("--pool", "prefork", "--concurrency", str(CONCURRENCY), name=self.crew.queue)

    def kill(self) -> list[bytes]:
        """Kill it; return the tags of the messages it held."""
        self.kills.append(time.time())
        self.crew.kill()
        return self.crew.held()

    def cut_off(self) -> dict[Execution, float]:
        """Return when each execution was killed that had gone on for a while."""
        return {(task_id, began): at for task_id, began, at in self._killed() if began <= at - MARGIN}

    def unsure(self) -> set[str]:
        """Return the tasks that began or ended so shortly before a kill that nobody can say what was told of them."""
        close = {task_id for task_id, began, at in self._killed() if began > at - MARGIN}
        ends = self.load.times("ended").items()
        return close | {
            task_id for task_id, times in ends for end in times for at in self.kills if 0 < at - end < MARGIN
        }

    def _killed(self) -> Iterator[tuple[str, float, float]]:
        """Yield what a kill ended: task, beginning, and time of the kill."""
        ends = self.load.times("ended")
        for task_id, times in self.load.times("began").items():
            for began in times:
                at = next((at for at in self.kills if at > began), None)
                if at is not None and not any(began <= end <= at for end in ends.get(task_id, ())):
                    yield task_id, began, at


@contextmanager
def victim(platform: Platform, folder: Path, name: str, task: str) -> Iterator[Victim]:
    """Start a worker and its load."""
    url = platform.secret("redis/url")
    app = Celery(name, broker=url, backend=url, set_as_current=False)
    app.conf.broker_transport_options = {"visibility_timeout": 3600}
    crew = Crew(folder, app, name, redis_url=url, prefix="enginel", interval=3.0)
    made = Victim(crew, Load(crew, folder / name, task))
    try:
        made.launch()
        yield made
    finally:
        made.load.stop()
        crew.close()
        app.close()


@dataclass
class Told:
    """What the platform said of tasks, and when it was first seen to say so.

    Attributes:
        at: When, by kind and execution.
    """

    watching: Watching
    at: dict[tuple[str, Execution], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.3):
            self.look()

    def look(self) -> None:
        """Take down what was found."""
        query = f"since={self.watching.since}&limit=500&kind=task_lost,task_held"
        for one in self.watching.get(f"findings/?{query}")["results"]:
            task_id, _, began = one["subject"].rpartition(" ")
            self.at.setdefault((one["kind"], (task_id, int(began) / 1000)), time.time())

    def of(self, kind: str, execution: Execution) -> list[float]:
        """Return when an execution was told of, as often as it was; its own clock starts a moment after Celery's."""
        task_id, began = execution
        return [
            at
            for (told, (its_id, its_beginning)), at in list(self.at.items())
            if (told, its_id) == (kind, task_id) and abs(its_beginning - began) < MARGIN
        ]

    def ids(self, kind: str) -> set[str]:
        """Return the tasks of which something was told."""
        return {task_id for told, (task_id, _) in list(self.at) if told == kind}

    def missing(self, kind: str, executions: Iterable[Execution]) -> list[Execution]:
        """Return the executions of which it was not told yet."""
        return [one for one in executions if not self.of(kind, one)]

    def stop(self) -> None:
        """Look for the last time."""
        self._over.set()
        self._thread.join(30)
        self.look()


def kill_early(one: Victim) -> None:
    """Kill and restart; what was only prefetched is given back, as nobody has begun it."""
    chance = random.Random(2026)
    for _ in range(KILLS):
        time.sleep(chance.uniform(1.5, 4.0))
        one.crew.give_back(one.kill())
        one.launch()


def kill_late(one: Victim, told: Told) -> None:
    """Kill and restart; what was held is given back when it has been told, as after the visibility timeout."""
    chance = random.Random(2027)
    for _ in range(LATE_KILLS):
        time.sleep(chance.uniform(1.5, 4.0))
        tags = one.kill()
        cut_off = [execution for execution, at in one.cut_off().items() if at == one.kills[-1]]
        one.launch()
        wait_until(lambda held=cut_off: not told.missing("task_held", held), "it is told", 2 * TOLD_WITHIN)  # type: ignore[misc]
        one.crew.give_back(tags)


def row(what: str, one: Victim, kind: str, told: Told) -> tuple[str, ...]:
    """Describe one worker's part."""
    cut_off = one.cut_off()
    delays = sorted(first - at for execution, at in cut_off.items() for first in told.of(kind, execution))
    numbers = (len(one.kills), len(one.load.times("began")), len(one.load.times("ended")), len(cut_off), len(delays))
    return what, *map(str, numbers), f"{delays[len(delays) // 2]:.1f}", f"{delays[-1]:.1f}"


@pytest.mark.soak
def test_killed_workers_lose_exactly_what_is_told(
    platform: Platform, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    watching = Watching(Client(platform))
    told = Told(watching)
    with (
        victim(platform, tmp_path, "early", "stay") as early,
        victim(platform, tmp_path, "late", "stay_late") as late,
        ThreadPoolExecutor(2) as killers,
    ):
        for done in [killers.submit(kill_early, early), killers.submit(kill_late, late, told)]:
            done.result()
        early.load.stop()
        late.load.stop()
        lost, held = early.cut_off(), late.cut_off()
        wait_until(lambda: not told.missing("task_lost", lost), "the losses are told", 2 * TOLD_WITHIN)
        wait_until(lambda: late.load.times("ended").keys() >= {one for one, _ in held}, "what was held runs again")
        watching.looked_again(4)
        told.stop()
        rows = [
            ("10 SIGKILLs at random, restarted", "kills", "began", "ended", "cut off", "told", "median s", "most s"),
            row("acknowledged early: task_lost", early, "task_lost", told),
            row("acknowledged late: task_held", late, "task_held", told),
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        with capfd.disabled():
            for cells in rows:
                print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), file=sys.stderr)

        assert [len(told.of("task_lost", one)) for one in lost] == [1] * len(lost)
        assert [len(told.of("task_held", one)) for one in held] == [1] * len(held)
        assert told.ids("task_lost") - {one for one, _ in lost} <= early.unsure()
        assert told.ids("task_held") - {one for one, _ in held} <= late.unsure() | early.unsure()
        runs = watching.get(f"tasks/?since={watching.since}&limit=500&state=LOST")["results"]
        assert len(runs) == len({run["task_id"] for run in runs})
        assert {run["task_id"] for run in runs} == told.ids("task_lost")
        assert told.ids("task_lost") & early.load.times("ended").keys() <= early.unsure()
        metrics = watching.metrics()
        assert metrics["enginel_tasks_lost_total",] == len(runs)
        assert metrics["enginel_findings_total", "task_lost"] == len(runs)
        assert max(told.of("task_lost", one)[0] - at for one, at in lost.items()) <= TOLD_WITHIN
        said = watching.look()
        assert said.standing() == set()
        assert len(said.found("task_held")) == sum(kind == "task_held" for kind, _ in told.at)
