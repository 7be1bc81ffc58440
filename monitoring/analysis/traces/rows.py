"""Parts of a trace from the rows that tell of them: spans, runs of tasks, and tasks that run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.jobs.runs.tree import STARTED
from monitoring.performance.spans.models import TraceSpan

from .parts import Part, PartKind

_FAILED = frozenset({"FAILURE", "LOST", "REJECTED"})


def of_span(row: TraceSpan) -> Part:
    """Return the part that a request, operation or outgoing call is."""
    return Part(
        id=f"{row.kind}:{row.id}",
        kind=PartKind(row.kind),
        name=row.name,
        service=row.service,
        start=row.at,
        duration=row.duration,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        request_id=row.request_id,
        task_id=row.task_id,
        status=row.status,
        failed=row.failed,
        about=row.about | ({"user_id": row.user_id} if row.user_id else {}),
    )


def of_run(row: TaskRun) -> Part:
    """Return the part that an execution of a task was; one whose beginning nobody told began when it ended, or before.

    A retry is no failure: it is tried again.
    """
    start = row.began or (row.ended - timedelta(seconds=row.duration or 0))
    about = {
        "queue": row.queue,
        "worker": row.worker,
        "wait": row.wait,
        "retries": row.retries,
        "reason": row.reason,
        "exception": row.exception,
        "message": row.message,
    }
    return Part(
        id=f"run:{row.id}",
        kind=PartKind.TASK,
        name=row.name,
        service=row.service,
        start=start,
        duration=row.duration,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        request_id=row.request_id,
        task_id=row.task_id,
        parent_task_id=row.parent_id if row.parent_id != row.task_id else "",
        origin=row.origin,
        state=row.state,
        failed=row.state in _FAILED,
        about={key: value for key, value in about.items() if value not in ("", None, 0)},
    )


def of_running(row: RunningTask) -> Part:
    """Return the part that an execution is which has not ended."""
    return Part(
        id=f"running:{row.task_id}:{row.began}:{row.shard}",
        kind=PartKind.TASK,
        name=row.name,
        service=row.service,
        start=datetime.fromtimestamp(row.began / 1000, UTC),
        duration=None,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        task_id=row.task_id,
        parent_task_id=row.parent_id if row.parent_id != row.task_id else "",
        state=STARTED,
        about={"queue": row.queue, "worker": row.worker},
    )


def together(spans: Iterable[TraceSpan], runs: Iterable[TaskRun], running: Iterable[RunningTask]) -> list[Part]:
    """Return the parts of a trace; of what is said to go on though its end is known, the end."""
    ended = [of_run(row) for row in runs]
    over = {(part.task_id, part.start) for part in ended}
    going = [part for part in map(of_running, running) if (part.task_id, part.start) not in over]
    return [*map(of_span, spans), *ended, *going]
