"""Every documented name is there after what it counts has happened, with the right labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from monitoring import __version__
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from monitoring.recording import node
from monitoring.recording.context import Context, current
from monitoring.recording.events import UNKNOWN_DURATION, Received, Request, Sent, Started, Task, TaskState
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import Samples, series

pytestmark = pytest.mark.usefixtures("redis_client", "db")
Read = Callable[[], Samples]

NODE = "celery@one"
LABELS = {"name": "shop.pay", "hostname": NODE, "queue_name": "fast"}


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_named", [NODE])


def taken_in() -> None:
    recorder.flush()
    drain_all()


def request(route: str, status: int, seconds: float = 0.001, method: str = "GET") -> None:
    recorder.record(Request(time.time_ns(), int(seconds * 1e9), method, route, status))


def ended(state: TaskState, name: str = "shop.pay", seconds: float = 0.2, wait: float = 1.0, error: str = "") -> None:
    duration, waited = int(seconds * 1e9), int(wait * 1e9)
    recorder.record(Task(time.time_ns(), duration, name, "fast", state, waited, error, task_id="id-1"))


def test_requests_are_counted_by_status_and_by_endpoint(samples: Read) -> None:
    for status in (200, 200, 404):
        request("api/designs/<uuid:pk>/", status)
    request("admin/", 200)
    taken_in()
    found = samples()
    assert series(found, "http_requests_total") == 4
    assert series(found, "http_status_200") == 3
    assert series(found, "http_status_404") == 1
    assert series(found, "api_requests_total") == 3
    assert series(found, "endpoint_designs") == 3


def test_durations_of_the_api_are_a_histogram_without_labels(samples: Read) -> None:
    for seconds in (0.005, 0.006, 0.3, 7.5, 11):
        request("api/designs/", 200, seconds)
    request("admin/", 200, 3)
    taken_in()
    found = samples()
    assert series(found, "api_request_duration_count") == series(found, "api_requests_total") == 5
    assert series(found, "api_request_duration_sum") == pytest.approx(18.811)
    below = {bound: series(found, "api_request_duration_bucket", le=bound) for bound in ("0.005", "0.5", "7.5", "10.0")}
    assert below == {"0.005": 1, "0.5": 3, "7.5": 4, "10.0": 4}
    assert series(found, "api_request_duration_bucket", le="+Inf") == 5


def test_durations_of_all_requests_carry_opentelemetrys_labels(samples: Read) -> None:
    request("admin/", 200, 0.02)
    request("admin/", 302, 0.02)
    request("", 200, 0.02)
    request("<unmatched>", 404, 0.02, "_OTHER")
    taken_in()
    found = samples()
    name = "http_server_request_duration_seconds"
    for method, route, status in (
        ("GET", "admin/", "200"),
        ("GET", "admin/", "302"),
        ("GET", "", "200"),
        ("_OTHER", "<unmatched>", "404"),
    ):
        labels = {"http_request_method": method, "http_route": route, "http_response_status_code": status}
        assert series(found, f"{name}_count", **labels) == 1
        assert series(found, f"{name}_sum", **labels) == pytest.approx(0.02)
        assert series(found, f"{name}_bucket", **labels, le="0.01") == 0
        assert series(found, f"{name}_bucket", **labels, le="0.025") == 1


def test_tasks_are_counted_by_name_and_by_how_they_ended(samples: Read) -> None:
    for state in (TaskState.SUCCESS, TaskState.SUCCESS, TaskState.FAILURE):
        ended(state)
    ended(TaskState.SUCCESS, "shop.ship-it")
    taken_in()
    found = samples()
    assert series(found, "celery_task_shop_pay") == 3
    assert series(found, "celery_task_shop_pay_SUCCESS") == 2
    assert series(found, "celery_task_shop_pay_FAILED") == 1
    assert series(found, "celery_task_shop_ship_it") == 1
    assert series(found, "celery_task_total") == 4
    assert series(found, "celery_task_SUCCESS") == 3
    assert series(found, "celery_task_FAILED") == 1


def test_tasks_carry_celery_exporters_labels(samples: Read) -> None:
    now = time.time_ns()
    recorder.record(Sent(now, "shop.pay", "fast"))
    recorder.record(Received(now, "shop.pay", "fast"))
    recorder.record(Started(now, "shop.pay", "fast", "id-1", False, None))
    for state in TaskState:
        ended(state, error="ValueError" if state is TaskState.FAILURE else "")
    taken_in()
    found = samples()
    for event in ("sent", "received", "started", "succeeded", "retried", "revoked", "rejected"):
        assert series(found, f"celery_task_{event}_total", **LABELS) == 1, event
    assert series(found, "celery_task_failed_total", **LABELS, exception="ValueError") == 1
    assert series(found, "celery_task_failed_total", **LABELS, exception="") == 0


def test_an_execution_of_which_only_its_end_tells_has_started_too(samples: Read) -> None:
    recorder.record(Task(time.time_ns(), 10**7, "shop.pay", "fast", TaskState.SUCCESS, 10**7))
    taken_in()
    found = samples()
    assert series(found, "celery_task_started_total", **LABELS) == 1
    assert series(found, "celery_task_succeeded_total", **LABELS) == 1


def test_what_a_task_never_did_is_zero_from_its_first_event_on(samples: Read) -> None:
    recorder.record(Received(time.time_ns(), "shop.pay", "fast"))
    recorder.record(Sent(time.time_ns(), "shop.other", "fast"))
    taken_in()
    found = samples()
    for event in ("sent", "started", "succeeded", "retried", "revoked", "rejected"):
        assert series(found, f"celery_task_{event}_total", **LABELS) == 0, event
    assert series(found, "celery_task_failed_total", **LABELS, exception="") == 0
    other = frozenset({**LABELS, "name": "shop.other"}.items())
    assert {name for name, labels in found if labels == other} == {"celery_task_sent_total"}


def test_runtimes_of_what_succeeded_and_waits_of_what_ran_are_histograms(samples: Read) -> None:
    ended(TaskState.SUCCESS, seconds=0.2, wait=45)
    ended(TaskState.SUCCESS, seconds=0.02, wait=2000)
    ended(TaskState.FAILURE, seconds=9, wait=0)
    recorder.record(Task(time.time_ns(), UNKNOWN_DURATION, "shop.pay", "fast", TaskState.REVOKED, UNKNOWN_DURATION))
    taken_in()
    found = samples()
    assert series(found, "celery_task_runtime_count", **LABELS) == 2
    assert series(found, "celery_task_runtime_sum", **LABELS) == pytest.approx(0.22)
    assert series(found, "celery_task_runtime_bucket", **LABELS, le="0.05") == 1
    assert series(found, "celery_task_runtime_bucket", **LABELS, le="0.25") == 2
    assert series(found, "celery_task_queue_wait_time_count", **LABELS) == 3
    assert series(found, "celery_task_queue_wait_time_bucket", **LABELS, le="0.05") == 1
    assert series(found, "celery_task_queue_wait_time_bucket", **LABELS, le="60.0") == 2
    assert series(found, "celery_task_queue_wait_time_bucket", **LABELS, le="1800.0") == 2
    assert series(found, "celery_task_queue_wait_time_bucket", **LABELS, le="+Inf") == 3


def test_uploads_are_what_the_service_counts(samples: Read) -> None:
    MetricsCollector.increment_counter("uploads_total")
    MetricsCollector.increment_counter("uploads_step")
    MetricsCollector.increment_counter("total_bytes_uploaded", 32_583)
    MetricsCollector.record_gauge("active_users", 41)
    MetricsCollector.record_gauge("active_users", 42)
    taken_in()
    found = samples()
    assert series(found, "uploads_total") == series(found, "uploads_step") == 1
    assert series(found, "total_bytes_uploaded") == 32_583
    assert series(found, "active_users") == 42


def test_ratios_have_both_sides_before_anything_happened(samples: Read) -> None:
    found = samples()
    for name in (
        "http_requests_total",
        "http_status_500",
        "api_requests_total",
        "api_request_duration_sum",
        "api_request_duration_count",
        "celery_task_SUCCESS",
        "celery_task_total",
    ):
        assert series(found, name) == 0


def test_operations_events_and_the_release_are_ours(samples: Read) -> None:
    PerformanceMonitor._record_duration("upload", 0.5)
    PerformanceMonitor._record_duration("upload", 1.5, error=True)
    taken_in()
    found = samples()
    assert series(found, "enginel_operation_duration_seconds_count", operation="upload") == 2
    assert series(found, "enginel_operation_duration_seconds_sum", operation="upload") == 2
    assert series(found, "enginel_operation_failures_total", operation="upload") == 1
    assert series(found, "enginel_events_total", kind="operation", outcome="folded") == 2
    assert series(found, "enginel_events_total", kind="operation", outcome="lost") == 0
    assert series(found, "enginel_dead_letters") == 0
    assert series(found, "enginel_build_info", version=__version__) == 1


def test_a_task_counted_by_hand_inside_of_itself_counts_once(samples: Read) -> None:
    app = Celery("shop", set_as_current=False)

    @app.task(name="shop.tasks.custom_processing_task")
    def custom_processing_task() -> None:
        """What the documented snippet does, and the same under the task's own name."""
        MetricsCollector.track_celery_task(task_name="custom_processing", duration=0.1, status="SUCCESS")
        MetricsCollector.track_celery_task(task_name=custom_processing_task.name, duration=0.1, status="SUCCESS")

    custom_processing_task.apply()
    taken_in()
    found = samples()
    for name in ("celery_task_custom_processing", "celery_task_shop_tasks_custom_processing_task", "celery_task"):
        assert series(found, f"{name}_SUCCESS") == 1, name
    assert series(found, "celery_task_custom_processing") == 1
    assert series(found, "celery_task_total") == 1


def test_a_task_counted_by_hand_elsewhere_counts_among_all(samples: Read) -> None:
    token = current.set(Context())
    MetricsCollector.track_celery_task("nightly", 1.0, "SUCCESS")
    MetricsCollector.track_celery_task("nightly", 1.0, "FAILURE")
    current.reset(token)
    taken_in()
    found = samples()
    assert series(found, "celery_task_nightly") == series(found, "celery_task_total") == 2
    assert series(found, "celery_task_nightly_FAILED") == series(found, "celery_task_FAILED") == 1
    assert series(found, "celery_task_nightly_SUCCESS") == series(found, "celery_task_SUCCESS") == 1


def test_names_that_clash_are_told_apart_for_good(samples: Read) -> None:
    ended(TaskState.SUCCESS, "total")
    ended(TaskState.SUCCESS, "sent")
    ended(TaskState.SUCCESS, "a.b")
    ended(TaskState.SUCCESS, "a-b")
    for name in ("uploads_total", "http_requests", "api_request_duration_count", "2fast", "", "enginel_dead_letters"):
        MetricsCollector.increment_counter(name, 7)
    taken_in()
    MetricsCollector.record_gauge("uploads", 3)
    taken_in()
    found = samples()
    assert series(found, "celery_task_total") == 4
    assert series(found, "celery_task_total_") == 1
    assert series(found, "celery_task_sent_2") == 1
    assert series(found, "celery_task_a_b") == 2
    assert series(found, "uploads_total") == 7
    assert series(found, "uploads_2") == 3
    assert series(found, "http_requests_2") == 7
    assert series(found, "http_requests_total") == 0
    assert series(found, "api_request_duration_count_2") == 7
    assert series(found, "_2fast") == 7
    assert series(found, "enginel_dead_letters_2") == 7


def test_services_add_up(samples: Read, settings: Any) -> None:
    for service in ("shop", "stock"):
        settings.MONITORING = {**settings.MONITORING, "SERVICE": service}
        request("api/designs/", 200, 0.02)
        ended(TaskState.SUCCESS)
        MetricsCollector.increment_counter("uploads_total")
        recorder.flush()
    drain_all()
    found = samples()
    assert series(found, "uploads_total") == series(found, "http_requests_total") == 2
    assert series(found, "celery_task_succeeded_total", **LABELS) == 2
    labels = {"http_request_method": "GET", "http_route": "api/designs/", "http_response_status_code": "200"}
    assert series(found, "http_server_request_duration_seconds_bucket", **labels, le="0.025") == 2
