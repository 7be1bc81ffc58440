"""What is shown is what promtool takes to be good style, but for names that were documented otherwise."""

from __future__ import annotations

import re
import shutil
import subprocess
import time

import pytest

from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from monitoring.recording.events import Received, Request, Sent, Started, Task, TaskState
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import scrape

pytestmark = [
    pytest.mark.usefixtures("redis_client", "db"),
    pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here"),
]

EXCEPTIONS = {
    "storage_used_gb metric names should not contain abbreviated units",
    "storage_quota_gb metric names should not contain abbreviated units",
}
"""Names that others gave, and what promtool says of them."""
_REMARK = re.compile(r"^(\S+) (.+)$")


def test_promtool_finds_nothing_that_is_not_known() -> None:
    something_of_everything()
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape().content, capture_output=True, timeout=60, check=False
    )
    remarks = {line for line in checked.stderr.decode().splitlines() if line}
    assert remarks == EXCEPTIONS


def something_of_everything() -> None:
    now = time.time_ns()
    for status in (200, 404, 500):
        recorder.record(Request(now, 10_000_000, "GET", "api/designs/", status))
    recorder.record(Sent(now, "shop.pay", "fast"))
    recorder.record(Received(now, "shop.pay", "fast"))
    recorder.record(Started(now, "shop.pay", "fast", "id-1", False, None, ended=True))
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
