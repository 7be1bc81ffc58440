"""Scraping costs a fixed number of queries, once a second, however many scrapers there are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.core import GaugeMetricFamily

from monitoring.exposition import cache, view
from monitoring.exposition.cache import Answers, BusyError
from monitoring.exposition.collect import SOURCES
from monitoring.exposition.formats import OPENMETRICS, PLAIN
from monitoring.jobs.queues.models import QueueState
from monitoring.metrics import MetricsCollector
from monitoring.recording.events import Request, Task, TaskState
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import parsed, scrape, scrape_again, series

EVERYTHING = 50
"""Queries of one reading."""


@pytest.fixture
def sampled(db: None) -> None:
    """Queues were sampled just now, as they are while a worker lives."""
    now = datetime.now(UTC) + timedelta(minutes=10)
    QueueState.objects.create(name="q", broker="redis", at=now, seen=now, moved=now, depth=0)


def queries(ask: Callable[[], Any] = scrape) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert ask().status_code == 200
    return len(captured)


@pytest.mark.usefixtures("redis_client", "sampled")
def test_the_number_of_queries_does_not_grow() -> None:
    assert queries() == EVERYTHING
    for count in (3, 50):
        now = time.time_ns()
        for number in range(count):
            recorder.record(Request(now, 10**7, "GET", f"api/{number}/", 200))
            recorder.record(Task(now, 10**7, f"t{number}", "q", TaskState.SUCCESS, 10**7))
            MetricsCollector.increment_counter(f"c{number}")
            MetricsCollector.record_gauge(f"g{number}", 1)
        recorder.flush()
        drain_all()
        assert queries() == EVERYTHING


@pytest.mark.usefixtures("sampled")
def test_within_its_lifetime_one_reading_answers_everybody() -> None:
    assert queries() == EVERYTHING
    assert queries(scrape_again) == 0


def test_scrapers_that_come_together_share_one_reading() -> None:
    reading, go_on, read = threading.Event(), threading.Event(), []

    def slowly() -> list[GaugeMetricFamily]:
        read.append(1)
        reading.set()
        go_on.wait(30)
        return [GaugeMetricFamily("x", "A gauge.", 1)]

    shared, texts = Answers(slowly), []

    def ask(number: int) -> None:
        texts.append(shared.text(PLAIN if number % 2 else OPENMETRICS, compressed=False, lifetime=3600))

    scrapers = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for scraper in scrapers:
        scraper.start()
    assert reading.wait(30)
    go_on.set()
    for scraper in scrapers:
        scraper.join(30)
    assert len(read) == 1
    assert len(texts) == 8
    assert len(set(texts)) == 2


def test_who_waits_too_long_for_somebody_elses_reading_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WAIT_SECONDS", 0.01)
    reading, go_on = threading.Event(), threading.Event()

    def stuck() -> list[GaugeMetricFamily]:
        reading.set()
        go_on.wait(30)
        return []

    shared = Answers(stuck)
    first = threading.Thread(target=shared.text, args=(PLAIN,), kwargs={"compressed": False, "lifetime": 1})
    first.start()
    assert reading.wait(30)
    with pytest.raises(BusyError):
        shared.text(PLAIN, compressed=False, lifetime=1)
    go_on.set()
    first.join(30)


def test_a_reading_that_fails_is_a_503_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[Any] = [OperationalError("away"), [GaugeMetricFamily("x", "A gauge.", 1)]]

    def read() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(view, "answers", Answers(read))
    refused = scrape()
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert b"x 1.0" in scrape().content


@pytest.mark.usefixtures("sampled")
def test_a_part_with_a_fault_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(_config: object) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("half_of_it", "A gauge.", 1)
        raise ValueError("a fault")

    monkeypatch.setitem(SOURCES, "jobs", faulty)
    found = parsed(scrape().content.decode())
    assert series(found, "enginel_metrics_complete", part="jobs") == 0
    assert series(found, "enginel_metrics_complete", part="metrics") == 1
    assert series(found, "http_requests_total") == 0
    assert not any(name == "half_of_it" for name, _ in found)
