"""What is shown is what promtool takes to be good style, but for names that were documented otherwise."""

from __future__ import annotations

import shutil
import subprocess
import time
from datetime import UTC, datetime

import pytest

from monitoring.conf import get_config
from monitoring.jobs.queues.models import QueueState
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from monitoring.recording.events import Received, Request, Sent, Started, Task, TaskState
from monitoring.recording.recorder import recorder
from monitoring.stream import heartbeats
from tests.pipeline import client, drain_all

from .conftest import scrape

pytestmark = [
    pytest.mark.usefixtures("redis_client", "db"),
    pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here"),
]

_UNITS = "metric names should not contain abbreviated units"
_COUNT = 'non-histogram and non-summary metrics should not have "_count" suffix'
EXCEPTIONS = {
    f"storage_used_gb {_UNITS}",
    f"storage_quota_gb {_UNITS}",
    f"celery_active_consumer_count {_COUNT}",
    f"celery_active_worker_count {_COUNT}",
    f"celery_active_process_count {_COUNT}",
}
"""Names that others gave, and what promtool says of them."""


def test_promtool_finds_nothing_that_is_not_known() -> None:
    something_of_everything()
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape().content, capture_output=True, timeout=60, check=False
    )
    remarks = {line for line in checked.stderr.decode().splitlines() if line}
    assert remarks == EXCEPTIONS


def something_of_everything() -> None:
    now, moment = time.time_ns(), datetime.now(UTC)
    values = {"depth": 1, "unacked": 1, "oldest_age": 1.0, "consumers": 1}
    QueueState.objects.create(name="fast", broker="amqp", at=moment, seen=moment, moved=moment, **values)
    heartbeats.send(client(), get_config().stream_prefix, "worker", "celery@one", {"busy": 1})
    for status in (200, 404, 500):
        recorder.record(Request(now, 10_000_000, "GET", "api/designs/", status))
    recorder.record(Sent(now, "shop.pay", "fast"))
    recorder.record(Received(now, "shop.pay", "fast"))
    recorder.record(Started(now, "shop.pay", "fast", "id-1", False, None))
    for state in TaskState:
        recorder.record(Task(now, 10_000_000, "shop.pay", "fast", state, 10_000_000, "ValueError"))
    MetricsCollector.increment_counter("uploads_total")
    MetricsCollector.increment_counter("uploads_step")
    MetricsCollector.increment_counter("total_bytes_uploaded", 5)
    MetricsCollector.record_gauge("storage_used_gb", 1)
    MetricsCollector.record_gauge("storage_quota_gb", 100)
    PerformanceMonitor._record_duration("upload", 0.5)
    recorder.flush()
    drain_all()
