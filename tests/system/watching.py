"""Notes when a platform says a thing first, and how long after it happened that was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from prometheus_client.parser import text_string_to_metric_families

from .platform import Client, wait_until

LOOKS = 3
"""So many times the platform looks again before a thing counts as told once."""


@dataclass(frozen=True)
class Said:
    """All that the platform says of jobs at one moment.

    Attributes:
        runs: Runs of tasks that ended, by the task's id, the oldest first.
        running: Tasks that go on, by id.
        findings: What is or was wrong, the oldest first.
        workers: State by node.
        metrics: Samples of `/metrics` by name and the values of their labels.
    """

    runs: dict[str, list[dict[str, Any]]]
    running: dict[str, dict[str, Any]]
    findings: list[dict[str, Any]]
    workers: dict[str, str]
    metrics: dict[tuple[str, ...], float]

    def ways(self, task_id: str) -> list[tuple[str, str]]:
        """Return how the runs of a task ended, and why."""
        return [(run["state"], run["reason"]) for run in self.runs.get(task_id, ())]

    def found(self, kind: str, about: str = "") -> list[dict[str, Any]]:
        """Return the findings of a kind whose subject begins with a text."""
        return [one for one in self.findings if one["kind"] == kind and one["subject"].startswith(about)]

    def standing(self) -> set[tuple[str, str]]:
        """Return kind and subject of what is wrong now."""
        return {(one["kind"], one["subject"]) for one in self.findings if one["closed"] is None}


@dataclass(frozen=True)
class Case:
    """One thing that the platform is to say.

    Attributes:
        what: What happened.
        says: What is said of it, in words.
        look: Returns when it happened, in seconds since the epoch, once it is said, and None before.
    """

    what: str
    says: str
    look: Callable[[Said], float | None]


@dataclass
class Watching:
    """Looks at one platform over HTTP from now on."""

    client: Client
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    since: float = field(default_factory=time.time)

    def look(self) -> Said:
        """Ask for everything."""
        runs: dict[str, list[dict[str, Any]]] = {}
        for run in reversed(self._listed("tasks/", "results")):
            runs.setdefault(run["task_id"], []).append(run)
        return Said(
            runs,
            {task["task_id"]: task for task in self.get("tasks/running/")["tasks"]},
            list(reversed(self._listed("findings/", "results"))),
            {worker["node"]: worker["state"] for worker in self.get("workers/")["workers"]},
            self.metrics(),
        )

    def metrics(self) -> dict[tuple[str, ...], float]:
        """Scrape."""
        samples = [
            sample
            for family in text_string_to_metric_families(self.client.get("/metrics").text)
            for sample in family.samples
        ]
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}

    def get(self, path: str) -> Any:
        """Ask for one page of the monitoring API."""
        answer = self.client.get(f"/api/monitoring/{path}")
        assert answer.status == 200, answer.text
        return answer.json

    def looked_again(self, times: int = LOOKS) -> None:
        """Wait until the platform has looked at everything some more times."""
        for _ in range(times):
            last = self.get("schedule/beats/")["watched"]
            wait_until(lambda last=last: self.get("schedule/beats/")["watched"] != last, "it looks again")  # type: ignore[misc]

    def _listed(self, path: str, key: str) -> list[dict[str, Any]]:
        return list(self.get(f"{path}?{urlencode({'since': self.since, 'limit': 500})}")[key])

    def await_all(self, cases: Iterable[Case], seconds: float = 90.0) -> Said:
        """Wait until every case was said, and note how soon; return what was said in the end."""
        pending, said = list(cases), self.look()

        def all_said() -> bool:
            nonlocal said
            said, now = self.look(), time.time()
            for case in list(pending):
                happened = case.look(said)
                if happened is not None:
                    self.rows.append((case.what, case.says, f"{now - happened:.1f}"))
                    pending.remove(case)
            return not pending

        wait_until(
            all_said,
            "all is said",
            seconds,
            lambda: ([case.what for case in pending], said.findings, said.running, str(self)),
        )
        return said

    def __str__(self) -> str:
        rows = [("what happened", "what Enginel says", "seconds"), *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def ended(
    task_id: str, ways: Sequence[tuple[str, str]], at: float | None = None, exception: str = ""
) -> Callable[[Said], float | None]:
    """Look for runs of a task that ended so.

    Args:
        task_id: The task.
        ways: State and reason of each run, the oldest first.
        at: When it happened; when the last run ended unless given.
        exception: Its class, where the last run has one that matters.
    """

    def look(said: Said) -> float | None:
        if said.ways(task_id) != list(ways):
            return None
        if exception and said.runs[task_id][-1]["exception"] != exception:
            return None
        return seconds(said.runs[task_id][-1]["ended"]) if at is None else at

    return look


def succeeded(task_id: str) -> Callable[[Said], float | None]:
    """Look for a run of a task that succeeded, kept as a sample or because it was slow."""

    def look(said: Said) -> float | None:
        good = [run for run in said.runs.get(task_id, ()) if run["state"] == "SUCCESS"]
        return seconds(good[-1]["ended"]) if good else None

    return look


def goes_on(task_id: str) -> Callable[[Said], float | None]:
    """Look for a task that runs."""

    def look(said: Said) -> float | None:
        began = said.running.get(task_id, {}).get("began")
        return seconds(began) if began else None

    return look


def opened(kind: str, about: str, at: float) -> Callable[[Said], float | None]:
    """Look for a finding that stands, or happened."""
    return lambda said: at if any(one["event"] or not one["closed"] for one in said.found(kind, about)) else None


def closed(kind: str, about: str, at: float) -> Callable[[Said], float | None]:
    """Look for findings none of which stands any more."""

    def look(said: Said) -> float | None:
        found = said.found(kind, about)
        return at if found and all(one["closed"] for one in found) else None

    return look


def seconds(moment: str) -> float:
    """Return a time of the API in seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp()
