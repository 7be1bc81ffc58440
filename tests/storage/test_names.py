"""Names are stored once, and never without limit."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from monitoring.metrics import MetricsCollector
from monitoring.metrics.reader import totals
from monitoring.performance import PerformanceMonitor
from monitoring.performance.stats import slowest_total
from monitoring.recording.recorder import recorder
from monitoring.storage import names
from monitoring.storage.names import Name
from tests.pipeline import drain_all

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


def keys(count: int) -> set[names.Key]:
    return {("operation", "shop", f"work-{number}") for number in range(count)}


def test_a_name_keeps_its_number() -> None:
    first, _ = names.intern(connection, keys(3), 100)
    names.forget()
    second, folded = names.intern(connection, keys(4), 100)
    assert first.items() <= second.items()
    assert folded == 0
    assert Name.objects.count() == 4


def test_beyond_the_limit_names_share_one_number() -> None:
    numbers, folded = names.intern(connection, keys(10), 4)
    assert folded == 6
    assert len(set(numbers.values())) == 5
    assert Name.objects.filter(name=names.OTHER).count() == 1


def test_two_that_store_the_same_names_agree() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("an in-memory database has one connection")
    found: list[dict[names.Key, int]] = []

    def work() -> None:
        found.append(names.intern(connection, keys(300), 1_000)[0])
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == found[2]
    assert Name.objects.count() == 300


def test_a_flood_of_names_is_folded_and_nothing_of_it_is_lost(settings: object) -> None:
    settings.MONITORING = {**settings.MONITORING, "NAMES_IN_ALL": 50}  # type: ignore[attr-defined]
    for number in range(200):
        PerformanceMonitor._record_duration(f"work-{number}", 0.1)
        MetricsCollector.increment_counter(f"count-{number}")
        MetricsCollector.record_gauge(f"gauge-{number}", number)
    assert recorder.flush()
    drain_all()
    operations = slowest_total("operation", limit=500)
    assert len(operations) == 51
    assert sum(stats["count"] for stats in operations.values()) == 200
    assert sum(totals("metric").values()) == 200
    assert Name.objects.filter(kind="gauge").count() == 51
    assert totals("intake")["names_folded"] >= 450
