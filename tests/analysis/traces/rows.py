"""A trace as rows: a request in one service, its task and that task's child in another, and what went wrong."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.journal.lines.models import LogLine
from monitoring.performance.models import SlowSample
from monitoring.performance.spans.models import TraceSpan
from monitoring.storage import partitions

T0 = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
TRACE, REQUEST = "ab" * 16, "request-1"
ROOT, CALL, PAY, MAIL = "a" * 16, "b" * 16, "c" * 16, "d" * 16


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def span(seconds: float, duration: float = 1.0, **values: Any) -> TraceSpan:
    row = TraceSpan(
        **{
            "start": int(at(seconds).timestamp() // 60), "at": at(seconds), "duration": duration, "kind": "request",
            "service": "web", "name": "POST api/orders/", "trace_id": TRACE, "span_id": uuid.uuid4().hex[:16],
            "request_id": REQUEST, **values,
        }
    )  # fmt: skip
    partitions.ensure(connection, TraceSpan, [row.start])
    row.save(force_insert=True)
    return row


def run(began: float, ended: float, **values: Any) -> TaskRun:
    row = TaskRun(
        **{
            "start": int(at(ended).timestamp() // 60), "began": at(began), "ended": at(ended),
            "duration": ended - began, "service": "shop", "name": "tasks.pay", "state": "SUCCESS",
            "task_id": str(uuid.uuid4()), "trace_id": TRACE, "request_id": REQUEST, **values,
        }
    )  # fmt: skip
    partitions.ensure(connection, TaskRun, [row.start])
    row.save(force_insert=True)
    return row


def line(seconds: float, text: str, **values: Any) -> LogLine:
    row = LogLine(
        **{
            "start": int(at(seconds).timestamp() // 60), "at": at(seconds), "level": logging.WARNING, "logger": "shop",
            "text": text, "service": "shop", "trace_id": TRACE, **values,
        }
    )  # fmt: skip
    partitions.ensure(connection, LogLine, [row.start])
    row.save(force_insert=True)
    return row


def order() -> ErrorLog:
    """Store it; return the error of the child task."""
    span(0, 2, span_id=ROOT, status=202)
    span(0.5, 1, kind="client", name="GET stock", span_id=CALL, parent_span_id=ROOT, status=200)
    run(3, 6, span_id=PAY, parent_span_id=ROOT, task_id="pay", origin="POST api/orders/")
    run(
        2.5, 5, name="tasks.mail", span_id=MAIL, parent_span_id=PAY, task_id="mail", parent_id="pay", state="FAILURE",
        reason="failure", exception="OSError",
    )  # fmt: skip
    RunningTask.objects.create(
        task_id="bill", began=round(at(7).timestamp() * 1000), shard=0, service="shop", name="tasks.bill",
        worker="celery@a", trace_id=TRACE, parent_id="pay", parent_span_id=PAY,
    )  # fmt: skip
    SlowSample.objects.create(
        at=at(6), kind="task", service="shop", name="tasks.pay", duration=3, trace_id=TRACE,
        context={"task_id": "pay", "span_id": PAY},
    )  # fmt: skip
    group = ErrorGroup.objects.create(service="shop", first_seen=at(0), last_seen=at(5))
    return ErrorLog.objects.create(
        created=at(5), service="shop", name="tasks.mail", error_type="OSError", exception_message="no route",
        severity="high", task_id="mail", trace_id=TRACE, request_id=REQUEST, group=group,
    )  # fmt: skip
