"""`/api/monitoring/dashboard/` is the documented document, as far as its parts exist."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.intake.models import DeadLetter
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from monitoring.recording.events import Operation
from monitoring.recording.recorder import recorder
from tests.api.letters import make_letter

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/monitoring/dashboard/"


@pytest.fixture(autouse=True)
def quiet(settings: Any, api: Client) -> None:
    """Leave the requests of the tests themselves out, so that counts are exact."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("MonitoringMiddleware")]


def test_operations_are_shown_as_documented(api: Client) -> None:
    PerformanceMonitor._record_duration("bom_extraction", 2.5)
    PerformanceMonitor._record_duration("bom_extraction", 3.5, error=True)
    shown = api.get(URL).json()["performance"]["bom_extraction"]
    assert shown["count"] == 2
    assert shown["avg_duration"] == pytest.approx(3.0)
    assert shown["max_duration"] == pytest.approx(3.5)
    assert shown["min_duration"] == pytest.approx(2.5)
    assert (shown["error_count"], shown["error_rate"]) == (1, 0.5)


def test_metrics_are_shown_by_name_with_the_time(api: Client) -> None:
    MetricsCollector.increment_counter("uploads_total")
    MetricsCollector.increment_counter("uploads_total", 2)
    MetricsCollector.record_gauge("active_users", 42)
    shown = api.get(URL).json()["metrics"]
    assert (shown["uploads_total"], shown["active_users"]) == (3, 42)
    assert abs(timezone.now() - datetime.fromisoformat(shown["timestamp"])) < timedelta(minutes=1)


def test_intake_counts_what_became_of_events(api: Client) -> None:
    for _ in range(3):
        PerformanceMonitor._record_duration("upload", 0.1)
    DeadLetter.objects.create(reason="refused", stream="0:measures", fields=b"", error="no")
    shown = api.get(URL).json()["intake"]
    assert shown["folded"] == {"entry": 1, "operation": 3}  # that a token was used is an entry of the journal
    assert shown["lost"] == shown["refused"] == shown["replayed"] == {}
    assert shown["dead_letters"] == 1


def test_replayed_events_are_counted(api: Client) -> None:
    letter = make_letter(10)
    assert api.post(f"/api/monitoring/dead-letters/{letter.pk}/replay/").status_code == 200
    assert api.get(URL).json()["intake"]["replayed"] == {"operation": 10}


def test_values_that_were_changed_on_the_way_in_are_counted(api: Client, now_ns: int) -> None:
    recorder.record(Operation(now_ns - 365 * 86_400 * 10**9, 10**9, "upload", failed=False))
    assert api.get(URL).json()["intake"]["notes"] == {"times_clamped": 1}


def test_an_empty_platform_answers(api: Client) -> None:
    answer = api.get(URL).json()
    assert list(answer) == ["health", "recent_errors", "performance", "metrics", "intake"]
    assert answer["performance"] == {}
    assert answer["recent_errors"] == []
    assert list(answer["metrics"]) == ["timestamp"]
    assert answer["intake"] == {
        "folded": {"entry": 1},
        "lost": {},
        "refused": {},
        "replayed": {},
        "notes": {},
        "dead_letters": 0,
    }
