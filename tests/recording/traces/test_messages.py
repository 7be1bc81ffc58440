"""A trace goes on through messages: what they carry, and what becomes of it where they are executed."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, current_task
from celery.app.task import Context as Message

from monitoring.jobs.runs.lose import lose
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.performance import PerformanceMonitor
from monitoring.performance.spans.models import TraceSpan
from monitoring.recording import w3c
from monitoring.recording.celery import worker
from monitoring.recording.context import Context, current
from monitoring.recording.events import Started
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER, span_of
from tests.pipeline import drain_all
from tests.recording.test_celery import app, nothing, published, run

from .conftest import SPAN, TRACE, told

__all__ = ["app"]
PARENT = w3c.write(TRACE, SPAN, sampled=True)
STAMP = f"1;1;{TRACE};r-1;;1;POST x"


def parent_of(headers: dict[str, Any]) -> str:
    found = w3c.read(headers["traceparent"])
    assert found is not None
    return found.span


def test_a_message_comes_of_the_request_or_of_the_operation_that_publishes_it(app: Celery, kept: Context) -> None:
    task = app.task(name="shop.pay")(nothing)
    first = published(app, task, countdown=5)
    assert first["traceparent"] == f"00-{TRACE}-{kept.span_id}-01"
    with PerformanceMonitor.track_duration("checkout"):
        inside = published(app, task)
        assert parent_of(inside) == kept.active_span_id != kept.span_id
    assert parent_of(published(app, task)) == kept.span_id


def test_headers_that_somebody_hands_on_say_nothing_of_the_parent(app: Celery, kept: Context) -> None:
    task = app.task(name="shop.pay")(nothing)
    handed = {"traceparent": PARENT, HEADER: STAMP, "mine": "x"}
    sent = published(app, task, headers=handed)
    assert (parent_of(sent), sent["mine"]) == (kept.span_id, "x")


def test_a_new_try_comes_of_what_the_first_came_of(app: Celery) -> None:
    task = app.task(name="shop.pay")(nothing)
    context = Context("shop.pay", None, "same", SimpleNamespace(traceparent=PARENT))
    context.stamp = STAMP
    token = current.set(context)
    try:
        assert parent_of(published(app, task, task_id="same")) == SPAN
        assert parent_of(published(app, task, task_id="child")) == context.span_id
    finally:
        current.reset(token)


def test_what_nothing_publishes_has_no_parent(app: Celery) -> None:
    assert "traceparent" not in published(app, app.task(name="shop.pay")(nothing))


@pytest.mark.usefixtures("eager")
def test_an_execution_is_a_span_below_its_publisher_and_so_is_what_it_applies_in_place(app: Celery) -> None:
    inner = app.task(name="shop.inner")(nothing)

    def outer() -> str:
        with PerformanceMonitor.track_duration("work"):
            inner.apply(task_id="in-place")
        return str(current_task.request.id)

    task_id = run(app, app.task(name="shop.outer")(outer), **{HEADER: STAMP, "traceparent": PARENT})
    applied, ran = TaskRun.objects.order_by("name")
    operation = TraceSpan.objects.get()
    assert (ran.task_id, ran.parent_span_id, ran.trace_id) == (task_id, SPAN, TRACE)
    assert (operation.parent_span_id, operation.task_id, operation.request_id) == (ran.span_id, task_id, "r-1")
    assert (applied.parent_span_id, applied.trace_id, applied.request_id) == (operation.span_id, TRACE, "r-1")
    assert len({ran.span_id, applied.span_id, operation.span_id}) == 3


@pytest.mark.usefixtures("eager")
def test_what_a_process_took_with_it_is_the_span_that_its_children_came_of(app: Celery) -> None:
    values = {
        "id": "t-1", "retries": 1, "delivery_info": {"routing_key": "q", "redelivered": True}, HEADER: STAMP,
        "traceparent": PARENT,
    }  # fmt: skip
    message = Message(values)
    executed = Context("shop.pay", None, "t-1", message)
    request = SimpleNamespace(name="shop.pay", id="t-1", _context=Message(values))
    worker.revoked(request._context, SimpleNamespace(name="shop.pay"), terminated=True)
    row = TaskRun.objects.get()
    assert (row.span_id, row.parent_span_id, row.trace_id) == (executed.span_id, SPAN, TRACE)


@pytest.mark.django_db
@pytest.mark.parametrize("stamp", [STAMP, ""])
def test_what_runs_and_what_is_lost_keep_their_place(redis_client: Any, stamp: str) -> None:
    message = SimpleNamespace(**{HEADER: stamp, "traceparent": PARENT, "parent_id": "p", "root_id": "r"})
    recorder.record(Started(time.time_ns(), "shop.pay", "q", "t-1", False, message))
    assert recorder.flush()
    drain_all()
    row = RunningTask.objects.get()
    lose([row])
    for one in (row, TaskRun.objects.get()):
        assert (one.trace_id, one.span_id, one.parent_span_id) == (TRACE, span_of("t-1", message), SPAN)
        assert (one.parent_id, one.root_id) == ("p", "r")


def test_the_flag_of_a_message_says_whether_the_trace_is_kept(app: Celery, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SAMPLED_RUNS_PER_MINUTE": 1}
    recorder.reset()
    task = app.task(name="shop.pay")(nothing)
    flags = []
    for _ in range(3):
        token = current.set(told("00"))
        headers = published(app, task)
        current.reset(token)
        flags.append((headers["traceparent"][-2:], headers[HEADER].split(";")[5]))
    assert flags == [("01", "1"), ("00", "0"), ("00", "0")]
