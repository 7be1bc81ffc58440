"""Turn executions into lost runs, each once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connections, router, transaction

from monitoring.jobs import findings
from monitoring.jobs.findings import Finding
from monitoring.storage import partitions

from .models import LOST, RunningTask, TaskRun

_CHUNK = 200
_WHY = "Its worker died, and no message is left to run it again."


def subject(row: RunningTask) -> str:
    """Return what findings call an execution."""
    return f"{row.task_id} {row.began}"


def evidence(row: RunningTask) -> dict[str, Any]:
    """Return what findings say of an execution."""
    return {
        "task": row.name,
        "task_id": row.task_id,
        "queue": row.queue,
        "worker": row.worker,
        "began": datetime.fromtimestamp(row.began / 1000, UTC).isoformat(timespec="seconds"),
        "trace_id": row.trace_id,
    }


def lose(rows: Sequence[RunningTask]) -> None:
    """Store executions as lost, and note each: whoever deletes its row writes the other two, or nobody does."""
    connection = connections[router.db_for_write(RunningTask)]
    ended = datetime.now(UTC)
    partitions.ensure(connection, TaskRun, [int(ended.timestamp() // 60)])
    for first in range(0, len(rows), _CHUNK):
        with transaction.atomic(using=connection.alias):
            _lose(rows[first : first + _CHUNK], ended, connection.alias)


def _lose(rows: Sequence[RunningTask], ended: datetime, using: str) -> None:
    stored = RunningTask.objects.using(using).filter(pk__in=[row.pk for row in rows])
    mine = list(stored.select_for_update().order_by("task_id", "began", "shard"))
    stored.filter(pk__in=[row.pk for row in mine]).delete()
    TaskRun.objects.using(using).bulk_create([_run(row, ended) for row in mine])
    named = {subject(row): row for row in mine}
    noted = Finding.objects.using(using).filter(kind="task_lost", subject__in=list(named), event=True)
    for known in noted.values_list("subject", flat=True):
        del named[known]
    new = [
        Finding(kind="task_lost", subject=name, detail=evidence(row), opened=ended, closed=ended, event=True)
        for name, row in named.items()
    ]
    findings.store(new, using)


def _run(row: RunningTask, ended: datetime) -> TaskRun:
    return TaskRun(
        start=int(ended.timestamp() // 60),
        id=uuid.uuid4(),
        ended=ended,
        began=datetime.fromtimestamp(row.began / 1000, UTC),
        state=LOST,
        reason="lost",
        message=_WHY,
        service=row.service,
        name=row.name,
        queue=row.queue,
        worker=row.worker,
        task_id=row.task_id,
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        parent_id=row.parent_id,
        root_id=row.root_id,
    )
