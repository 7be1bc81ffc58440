"""Finds the rows of which a tree is made: by a task, a root, a trace or a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from .models import RunningTask, TaskRun
from .tree import STARTED, Execution

MAX_ROWS = 5_000
_SEEDS = 100
_COLUMNS = tuple(column.name for column in fields(Execution))
_RUNNING = ("task_id", "name", "began", "queue", "worker", "parent_id", "root_id", "trace_id")


def executions(key: str, value: str) -> tuple[list[Execution], bool]:
    """Return the executions of a tree, and whether there are more.

    Args:
        key: `task_id`, `root_id`, `trace_id` or `request_id`.
        value: The id.
    """
    kept, running = _BY[key](value)
    rows = _kept(kept)
    return [*rows[:MAX_ROWS], *_going(running)], len(rows) > MAX_ROWS


def _by_root(root: str) -> tuple[Q, Q]:
    return Q(root_id=root), Q(root_id=root)


def _by_trace(trace: str) -> tuple[Q, Q]:
    return _by_traces([trace])


def _by_traces(traces: Iterable[str]) -> tuple[Q, Q]:
    told = Q(trace_id__in=list(traces))
    return told, told


def _by_request(request: str) -> tuple[Q, Q]:
    """What runs, and what was lost, does not know its request, but its trace."""
    mine = TaskRun.objects.filter(request_id=request).order_by()
    traces = {request, *mine.values_list("trace_id", flat=True).distinct()[:_SEEDS]} - {""}
    return _of_requests(traces, [request])


def _by_task(task_id: str) -> tuple[Q, Q]:
    """The whole of what the task belongs to: its request, or what it came of where nothing has a trace."""
    columns = ("trace_id", "root_id")
    seeds = TaskRun.objects.filter(task_id=task_id).order_by().values_list(*columns, "request_id")[:_SEEDS]
    found = [*seeds, *((*row, "") for row in _of_task(task_id).values_list(*columns)[:_SEEDS])]
    traces = {trace for trace, _, _ in found if trace}
    roots = {root for _, root, _ in found if root} or {task_id}
    if traces:
        requests = {request for _, _, request in found if request}
        kept, running = _of_requests(traces, requests) if requests else _by_traces(traces)
        untraced = Q(root_id__in=roots, trace_id="")  # such as a lost one that nothing with a trace had published
        return kept | untraced, running | untraced
    either = Q(root_id__in=roots) | Q(task_id=task_id)
    return either, either


def _of_requests(traces: Iterable[str], requests: Iterable[str]) -> tuple[Q, Q]:
    told = Q(trace_id__in=list(traces))
    return told & Q(request_id__in=[*requests, ""]), told


def _of_task(task_id: str) -> QuerySet[RunningTask]:
    return RunningTask.objects.filter(task_id=task_id).order_by()


_BY: dict[str, Callable[[str], tuple[Q, Q]]] = {
    "task_id": _by_task,
    "root_id": _by_root,
    "trace_id": _by_trace,
    "request_id": _by_request,
}
KEYS = tuple(_BY)
"""By what a tree can be asked for."""


def _kept(condition: Q) -> list[Execution]:
    """Return kept runs, the oldest first: where there are too many, the beginning of a tree tells more than its end."""
    rows = TaskRun.objects.filter(condition).order_by("ended", "id").values(*_COLUMNS)
    return [Execution(**row) for row in rows[: MAX_ROWS + 1]]


def _going(condition: Q) -> list[Execution]:
    rows = RunningTask.objects.filter(condition).order_by("began").values(*_RUNNING)
    return [going(row) for row in rows[:MAX_ROWS]]


def going(row: dict[str, Any]) -> Execution:
    """Return the execution of a row of `RunningTask`."""
    return Execution(**row | {"state": STARTED, "began": datetime.fromtimestamp(row["began"] / 1000, UTC)})
