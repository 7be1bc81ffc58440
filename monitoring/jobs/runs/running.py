"""What runs now: the rows of executions that outlived a flush, and what live workers say that they are busy with."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from monitoring.conf import get_config
from monitoring.jobs import findings
from monitoring.jobs.workers.reader import WorkerView, workers

from .models import RunningTask

MAX_ROWS = 5_000
_ALIVE = frozenset({"up", "wedged"})
_FINDINGS = ("task_stuck", "task_held")


@dataclass(frozen=True)
class Running:
    """An execution that goes on.

    Attributes:
        began: Seconds since the epoch, by the clock of its worker; None if nobody told.
        worker_alive: Whether its worker lives; None if nothing is known of it.
        told: Whether its worker says that it is busy with it.
        late: Whether its message is acknowledged only at its end; None if not recorded.
        findings: What is wrong with it: `task_stuck`, `task_held`.
    """

    task_id: str
    name: str
    queue: str
    worker: str
    began: float | None
    worker_alive: bool | None
    told: bool
    late: bool | None = None
    parent_id: str = ""
    root_id: str = ""
    trace_id: str = ""
    findings: list[str] = field(default_factory=list)

    @property
    def began_at(self) -> datetime | None:
        """When it began."""
        return None if self.began is None else datetime.fromtimestamp(self.began, UTC)

    @property
    def age(self) -> float | None:
        """Seconds for which it has been running."""
        return None if self.began is None else max(0.0, time.time() - self.began)


@dataclass(frozen=True)
class Now:
    """All that runs, the oldest first.

    Attributes:
        truncated: Whether more runs than was looked at.
        stale: Whether the workers' heartbeats could not be read.
    """

    tasks: list[Running]
    truncated: bool
    stale: bool


def now(task_id: str = "") -> Now:
    """Return what runs, or the executions of one task; without the tasks that are not recorded."""
    found = RunningTask.objects.order_by("began")
    ignored = frozenset(get_config().ignored_tasks)
    rows = list((found.filter(task_id=task_id) if task_id else found)[: MAX_ROWS + 1])
    views, stale = workers()
    tasks = joined(rows[:MAX_ROWS], views, _open(row.task_id for row in rows))
    tasks = [task for task in tasks if task.name not in ignored and task_id in ("", task.task_id)]
    return Now(tasks, len(rows) > MAX_ROWS, stale)


def joined(
    rows: Sequence[RunningTask], views: Iterable[WorkerView], wrong: Mapping[tuple[str, int], list[str]]
) -> list[Running]:
    """Join rows with what workers say of themselves.

    Args:
        rows: Recorded executions.
        views: The workers.
        wrong: Open findings, by task and millisecond of its beginning.
    """
    by_node = {view.node: view for view in views}
    told = {(view.node, one["id"]): one for view in by_node.values() if view.state in _ALIVE for one in _active(view)}
    tasks = []
    for row in rows:
        view = by_node.get(row.worker)
        task = Running(
            task_id=row.task_id,
            name=row.name,
            queue=row.queue,
            worker=row.worker,
            began=row.began / 1000,
            worker_alive=None if view is None else _is_alive(row, view),
            told=(row.worker, row.task_id) in told,
            late=row.late,
            parent_id=row.parent_id,
            root_id=row.root_id,
            trace_id=row.trace_id,
        )
        tasks.append(replace(task, findings=wrong.get((row.task_id, row.began), [])))
    recorded = {(row.worker, row.task_id) for row in rows}
    tasks += [_told(node, one) for (node, task_id), one in told.items() if (node, task_id) not in recorded]
    return sorted(tasks, key=lambda task: (task.began is None, task.began or 0.0, task.task_id))


def _is_alive(row: RunningTask, view: WorkerView) -> bool:
    """Whether the very process lives, and not only another one of its name."""
    return view.state in _ALIVE and row.instance == str(view.said.get("instance") or "")


def _active(view: WorkerView) -> list[dict[str, Any]]:
    """Return what a worker says that it is busy with."""
    active = view.said.get("active")
    listed = active if isinstance(active, list) else []
    return [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _told(node: str, one: Mapping[str, Any]) -> Running:
    """Return an execution that only its worker tells of: it began a moment ago, or is not recorded."""
    began = one.get("started")
    known = isinstance(began, int | float) and 0 < began < 1e11
    name = str(one.get("name") or "")
    return Running(one["id"], name, "", node, float(began) if known else None, worker_alive=True, told=True)  # type: ignore[arg-type]


def _open(ids: Iterable[str]) -> dict[tuple[str, int], list[str]]:
    """Return open findings by the execution they are about."""
    wanted, found = set(ids), dict[tuple[str, int], list[str]]()
    for kind, subject in findings.open_findings(*_FINDINGS).order_by("kind").values_list("kind", "subject"):
        task_id, _, began = subject.rpartition(" ")
        if task_id in wanted and began.isdecimal():
            found.setdefault((task_id, int(began)), []).append(kind)
    return found
