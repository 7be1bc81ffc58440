"""The pytest plugin that other projects get with the wheel."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from monitoring.recording.recorder import recorder
from monitoring.testing import enginel_eager  # noqa: F401 - here the plugin is not installed


def test_loading_the_plugin_loads_nothing_of_the_platform() -> None:
    code = (
        "import sys, monitoring.testing as plugin\n"
        "print(sorted(m for m in sys.modules if m.startswith(('monitoring.', 'django', 'celery', 'redis'))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['monitoring.testing']"


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_recorded_is_folded_at_once_and_forgotten_after_the_test(enginel_eager: None, number: int) -> None:  # noqa: F811
    assert PerformanceMonitor.get_operation_stats("resize")["count"] == 0
    with PerformanceMonitor.track_duration("resize"):
        MetricsCollector.increment_counter("resized_total", number)
    assert PerformanceMonitor.get_operation_stats("resize")["count"] == 1
    assert MetricsCollector.get_metrics()["resized_total"] == number


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [1, 2])
def test_it_works_with_real_transactions_too(enginel_eager: None, number: int) -> None:  # noqa: F811
    MetricsCollector.increment_counter("resized_total", number)
    assert MetricsCollector.get_metrics()["resized_total"] == number


def test_no_thread_and_no_redis_are_needed(enginel_eager: None, settings: Any) -> None:  # noqa: F811
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    before = threading.active_count()
    MetricsCollector.increment_counter("resized_total")
    assert threading.active_count() == before
    assert MetricsCollector.get_metrics()["resized_total"] == 1


def test_a_request_and_its_exception_are_there_after_the_response(enginel_eager: None, client: Any) -> None:  # noqa: F811
    assert client.get("/api/health/").status_code == 200
    assert MetricsCollector.get_metrics()["endpoint_health"] == 1


class TestWhereRecordingIsOff:
    """A project that switches recording off for its tests."""

    @pytest.fixture(autouse=True)
    def off(self, settings: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, "ENABLED": False}

    def test_nothing_is_recorded_without_the_fixture(self) -> None:
        MetricsCollector.increment_counter("resized_total")
        assert not recorder.enabled

    def test_the_fixture_switches_it_on(self, enginel_eager: None) -> None:  # noqa: F811
        MetricsCollector.increment_counter("resized_total")
        assert MetricsCollector.get_metrics()["resized_total"] == 1


async def _record() -> None:
    MetricsCollector.increment_counter("resized_total")


def test_what_an_event_loop_records_is_folded_by_the_next_flush(enginel_eager: None) -> None:  # noqa: F811
    import asyncio

    asyncio.run(_record())
    assert "resized_total" not in MetricsCollector.get_metrics()
    assert recorder.flush()
    assert MetricsCollector.get_metrics()["resized_total"] == 1
