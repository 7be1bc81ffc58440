"""Turn events of tasks into rows: what runs now, and the runs that are kept."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from monitoring.jobs import findings
from monitoring.storage import bulk, partitions
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import LOST, STATES, RunningTask, TaskRun

Execution = tuple[str, int]
"""A task's id, and the millisecond since the epoch at which it began; 0 stands for all of its executions."""
_KILLED = {"killed": "killed", "time limit": "time limit"}
_CHUNK = 500
_AHEAD_MILLISECONDS = 60_000


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:
    """Keep track of executions that outlive a flush, and store the runs that are kept."""
    writes: list[Write] = []
    began = _began(measures.get("started"), scope.now)
    ends = _ended(measures.get("task"))
    over = [execution for execution, about in began.items() if ends.cover(execution, about["worker"])]
    for execution in over:
        del began[execution]
    if ends.ids:
        writes += _finish(ends, ends.exact - set(over), scope)
    if began:
        writes.append(_open(began, scope))
    if runs := [_run(fact) for fact in facts.get("run", ())]:
        partitions.ensure(scope.connection, TaskRun, {run.start for run in runs})
        writes.append(lambda: _store(runs, scope))
    return writes


def _began(columns: Columns | None, now: int) -> dict[Execution, dict[str, Any]]:
    """Return executions that began and were not over when it was sent, with the values of their rows."""
    if columns is None:
        return {}
    found = {}
    ids, values = columns.values["id"], columns.values
    for row in range(len(ids)):
        execution = _execution(ids[row])
        if execution is None or not 0 < execution[1] <= now + _AHEAD_MILLISECONDS:
            continue  # a task without an id, or a clock that is far ahead: it cannot be followed
        service, name = columns.names[columns.name[row]]
        queue, worker = columns.names[values["queue"][row]][1], columns.names[values["worker"][row]][1]
        late = bool(values["late"][row])
        about = {"service": service, "name": name, "queue": queue, "worker": worker, "late": late}
        found[execution] = about | _family(values["family"][row])
    return found


def _family(text: str) -> dict[str, str]:
    """Read what an execution belongs to."""
    ids = ["" if one == "-" else one for one in text.split(" ")]
    trace, parent, root, instance, span, above = (*ids, "", "", "", "", "", "")[:6]
    return {
        "trace_id": trace[:32],
        "parent_id": parent[:200],
        "root_id": root[:200],
        "instance": instance[:40],
        "span_id": span[:16],
        "parent_span_id": above[:16],
    }


@dataclass
class _Ends:
    """Which executions ended.

    Attributes:
        exact: Those of which their own process tells.
        told: What main processes tell: the worker and the millisecond, by task.
    """

    exact: set[Execution] = field(default_factory=set)
    told: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @property
    def ids(self) -> set[str]:
        """The tasks that they were of."""
        return {task_id for task_id, _ in self.exact} | self.told.keys()

    def cover(self, execution: Execution, worker: str) -> bool:
        """Whether an execution is among them; one that began after its main process spoke is another one."""
        task_id, began = execution
        return execution in self.exact or any(
            began <= at and worker == teller for teller, at in self.told.get(task_id, ())
        )


def _ended(columns: Columns | None) -> _Ends:
    ends = _Ends()
    if columns is None:
        return ends
    ids, workers = columns.values["id"], columns.values["worker"]
    for row in np.flatnonzero(ids != "").tolist():
        execution = _execution(ids[row])
        if execution is None:
            continue
        if execution[1]:
            ends.exact.add(execution)
        else:
            worker = columns.names[workers[row]][1]
            ends.told.setdefault(execution[0], []).append((worker, int(columns.at[row])))
    return ends


def _execution(text: str) -> Execution | None:
    """Read what an execution is known by; a worker's main process knows the task's id alone."""
    began, _, task_id = text.partition(" ")
    if not task_id or not (began == "-" or (began.isascii() and began.isdecimal() and len(began) < 15)):
        return None
    return task_id, 0 if began == "-" else int(began)


def _open(began: Mapping[Execution, Mapping[str, Any]], scope: Scope) -> Write:
    rows: dict[str, list[Any]] = {
        "task_id": [task_id for task_id, _ in began],
        "began": [at for _, at in began],
        "shard": [scope.shard] * len(began),
    }
    for title in next(iter(began.values())):
        rows[title] = [about[title] for about in began.values()]
    return lambda: bulk.put(scope.connection, RunningTask, rows)


def _finish(ends: _Ends, unmatched: set[Execution], scope: Scope) -> list[Write]:
    """Close the executions that ended; one that was reported lost and ended after all is corrected."""
    ids = sorted(ends.ids)
    rows = RunningTask.objects.using(scope.connection.alias)
    closed: list[tuple[str, int, int]] = []
    for first in range(0, len(ids), _CHUNK):
        found = rows.filter(task_id__in=ids[first : first + _CHUNK])
        for task_id, began, shard, worker in found.values_list("task_id", "began", "shard", "worker"):
            if ends.cover((task_id, began), worker):
                closed.append((task_id, began, shard))
    closed.sort()
    writes: list[Write] = [lambda: _close(closed, scope)] if closed else []
    unknown = unmatched - {row[:2] for row in closed}
    if unknown:
        writes.append(lambda: _take_back(unknown, scope))
    return writes


def _take_back(ended: set[Execution], scope: Scope) -> None:
    """Take back what was reported lost and has ended after all: its process had outlived its worker."""
    lost = TaskRun.objects.using(scope.connection.alias).filter(task_id__in={one[0] for one in ended}, state=LOST)
    for run in lost:
        began = round(run.began.timestamp() * 1000) if run.began is not None else 0
        if (run.task_id, began) in ended:
            TaskRun.objects.using(scope.connection.alias).filter(pk=run.pk).delete()
            findings.amend("task_lost", f"{run.task_id} {began}", {"ended_after_all": True})


def _close(rows: Sequence[tuple[str, int, int]], scope: Scope) -> None:
    for first in range(0, len(rows), _CHUNK):
        RunningTask.objects.using(scope.connection.alias).filter(pk__in=rows[first : first + _CHUNK]).delete()


def _run(fact: Fact) -> TaskRun:
    values = fact.values
    ended = datetime.fromtimestamp(fact.at / 1000, UTC)
    state, reason = str(values.get("state", "")), str(values.get("reason", ""))
    return TaskRun(
        start=fact.at // 60_000,
        id=uuid.uuid4(),
        ended=ended,
        began=_time(values.get("began")),
        service=fact.service,
        state=state if state in STATES else "FAILURE",
        reason=reason[:20],
        pid=_whole(values.get("pid")),
        retries=_whole(values.get("retries")) or 0,
        duration=_seconds(values.get("duration")),
        wait=_seconds(values.get("wait")),
        task_id=_text(values, "id"),
        name=_text(values, "name"),
        queue=_text(values, "queue"),
        worker=_text(values, "worker"),
        exception=_text(values, "exception"),
        message=_text(values, "message", 1000),
        parent_id=_text(values, "parent"),
        root_id=_text(values, "root"),
        group_id=_text(values, "group"),
        trace_id=_text(values, "trace", 32),
        span_id=_text(values, "span", 16),
        parent_span_id=_text(values, "parent_span", 16),
        request_id=_text(values, "request", 64),
        user_id=_text(values, "user", 64),
        origin=_text(values, "origin"),
        periodic=_text(values, "periodic"),
        arguments=_text(values, "arguments", 1000),
    )


def _text(values: Mapping[str, Any], key: str, limit: int = 200) -> str:
    value = values.get(key)
    return value[:limit] if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else None


def _time(milliseconds: Any) -> datetime | None:
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 10**14:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError):
        return None


def _store(runs: list[TaskRun], scope: Scope) -> None:
    """Store runs; those whose process was killed are findings as well."""
    alias = scope.connection.alias
    TaskRun.objects.using(alias).bulk_create(runs, batch_size=_CHUNK)
    for run in runs:
        if run.reason in _KILLED:
            ended = round(run.ended.timestamp() * 1000)  # a message that is put back is killed more than once
            findings.note("task_killed", f"{run.task_id} {ended}", evidence(run), run.ended)


def evidence(run: TaskRun) -> dict[str, Any]:
    """Return what a finding says of a run."""
    return {
        "task": run.name,
        "task_id": run.task_id,
        "queue": run.queue,
        "worker": run.worker,
        "reason": run.reason,
        "message": run.message,
        "retries": run.retries,
        "trace_id": run.trace_id,
    }
