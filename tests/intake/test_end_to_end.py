"""What is recorded arrives in the database, once."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from monitoring.intake.models import DeadLetter
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from monitoring.performance.models import SlowSample
from monitoring.recording.events import Request, Slow, Task, TaskState
from monitoring.recording.recorder import recorder
from tests.pipeline import counted, drain_all

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


def test_operations_arrive_with_their_statistics() -> None:
    for milliseconds in range(1, 101):
        PerformanceMonitor._record_duration("resize", milliseconds / 1000, error=milliseconds > 98)
    assert recorder.flush()
    drain_all()
    stats = PerformanceMonitor.get_operation_stats("resize")
    assert stats["count"] == 100
    assert stats["error_count"] == 2
    assert stats["error_rate"] == pytest.approx(0.02)
    assert stats["min_duration"] == pytest.approx(0.001)
    assert stats["max_duration"] == pytest.approx(0.1)
    assert stats["avg_duration"] == pytest.approx(0.0505)
    assert stats["p50"] == pytest.approx(0.0505, rel=0.05)
    assert stats["p95"] == pytest.approx(0.095, rel=0.05)


def test_draining_twice_adds_to_what_is_stored() -> None:
    for _ in range(3):
        PerformanceMonitor._record_duration("resize", 0.25)
        assert recorder.flush()
        drain_all()
    stats = PerformanceMonitor.get_operation_stats("resize")
    assert stats["count"] == 3
    assert stats["total_duration"] == pytest.approx(0.75)
    assert counted("folded") == {"operation": 3}
    assert counted("lost") == {}


def test_counters_add_up_and_gauges_keep_the_latest() -> None:
    for value in (1, 2, 3.5):
        MetricsCollector.increment_counter("uploads_total", value)
        MetricsCollector.record_gauge("active_users", value)
        assert recorder.flush()
        drain_all()
    metrics = MetricsCollector.get_metrics()
    assert metrics["uploads_total"] == 6.5
    assert metrics["active_users"] == 3.5


def test_requests_and_tasks_count_as_documented_metrics() -> None:
    now = time.time_ns()
    for status in (200, 200, 404, 500):
        recorder.record(Request(now, 1_000_000, "GET", "api/designs/<uuid:pk>/", status))
    recorder.record(Request(now, 1_000_000, "GET", "admin/", 200))
    recorder.record(Task(now, 5_000_000, "app.work", "q", TaskState.SUCCESS, 1_000_000))
    recorder.record(Task(now, 5_000_000, "app.work", "q", TaskState.FAILURE, 1_000_000))
    assert recorder.flush()
    drain_all()
    metrics = MetricsCollector.get_metrics()
    expected = {
        "http_requests_total": 5,
        "http_status_200": 3,
        "http_status_404": 1,
        "http_status_500": 1,
        "api_requests_total": 4,
        "endpoint_designs": 4,
        "celery_task_app.work": 2,
        "celery_task_app.work_SUCCESS": 1,
        "celery_task_app.work_FAILED": 1,
    }
    assert {name: metrics[name] for name in expected} == expected


def test_a_slow_sample_keeps_its_context_without_secrets() -> None:
    context = {"trace_id": uuid.uuid4().hex, "password": "hunter2", "path": "/api/x/"}
    recorder.record_fact(Slow(time.time_ns(), 6_000_000_000, "request", "GET api/x/", context))
    assert recorder.flush()
    drain_all()
    sample = SlowSample.objects.get()
    assert sample.duration == 6.0
    assert sample.trace_id == context["trace_id"]
    assert sample.context["path"] == "/api/x/"
    assert "hunter2" not in str(sample.context)
    assert not DeadLetter.objects.exists()


def test_eager_mode_folds_in_the_calling_thread(eager: Any) -> None:
    PerformanceMonitor._record_duration("resize", 0.25)
    MetricsCollector.increment_counter("uploads_total")
    assert PerformanceMonitor.get_operation_stats("resize")["count"] == 1
    assert MetricsCollector.get_metrics()["uploads_total"] == 1
