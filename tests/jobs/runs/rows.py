"""Rows of runs and running tasks, as intake stores them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.jobs import findings
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.storage import partitions


def store_run(ago: float = 0.0, **values: Any) -> TaskRun:
    """Store a run that ended so many seconds ago."""
    return store_runs(1, ago, **values)[0]


def store_runs(count: int, ago: float = 0.0, **values: Any) -> list[TaskRun]:
    ended = datetime.now(UTC) - timedelta(seconds=ago)
    start = int(ended.timestamp() // 60)
    partitions.ensure(connection, TaskRun, [start])
    known = {"name": "shop.pack", "state": "SUCCESS", "reason": "sample", "service": "shop", "duration": 1.0}
    rows = []
    for _ in range(count):
        began = {"began": ended - timedelta(seconds=1), "task_id": str(uuid.uuid4())}
        rows.append(TaskRun(start=start, id=uuid.uuid4(), ended=ended, **{**known, **began, **values}))
    return TaskRun.objects.bulk_create(rows)


def store_running(ago: float = 60.0, **values: Any) -> RunningTask:
    """Store an execution that began so many seconds ago."""
    known = {"task_id": str(uuid.uuid4()), "shard": 0, "service": "shop", "name": "shop.pack", "worker": "celery@shop"}
    began = int((datetime.now(UTC).timestamp() - ago) * 1000)
    return RunningTask.objects.create(**{**known, "began": began, **values})


def leave_some() -> None:
    """Leave runs, one task that runs, and findings."""
    for state in ("SUCCESS", "FAILURE"):
        store_run(state=state, task_id="t1", root_id="t1", origin="POST api/orders/", request_id="r1")
    store_running(task_id="t2", parent_id="t1", root_id="t1")
    findings.raise_finding("worker_down", "celery@shop", {"pid": 7})
    findings.note("task_lost", "t0 1", {"task": "shop.pack"})
