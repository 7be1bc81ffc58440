"""Totals equal what was sent, never fall, and stay bounded, whatever is done to producers, drains and old rows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from monitoring.metrics import MetricsCollector
from monitoring.metrics.models import LabelledTotal
from monitoring.recording import node
from monitoring.recording.events import Counter, Event, Request, Sent, Task, TaskState
from monitoring.recording.recorder import recorder
from tasks.retention import prune
from tests.faults.batches import Source
from tests.pipeline import drain_all
from tests.properties import RELAXED

from .conftest import Samples, scrape, series

pytestmark = pytest.mark.usefixtures("redis_client", "db")
Read = Callable[[], Samples]

NOW = int(time.time()) * 10**9
moments = st.integers(0, 7_200).map(lambda seconds: NOW - seconds * 10**9)
few = st.sampled_from(["a", "b.c", "b-c", "total"])
durations = st.integers(0, 20 * 10**9)
events = st.one_of(
    st.builds(Request, moments, durations, st.sampled_from(["GET", "_OTHER"]), few, st.sampled_from([200, 404, 500])),
    st.builds(Task, moments, durations, few, few, st.sampled_from(list(TaskState)), durations, few),
    st.builds(Sent, moments, few, few),
    st.builds(Counter, moments, few, st.integers(0, 2**40).map(float)),
)


def cumulative() -> Samples:
    """Every sample that must not fall."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(scrape().content.decode())
        if family.type != "gauge"
        for sample in family.samples
    }


@settings(RELAXED, max_examples=8)
@given(st.lists(events, max_size=60), st.randoms(use_true_random=False))
def test_no_total_falls_and_all_are_exact_in_the_end(sent: list[Event], chance: random.Random) -> None:
    first = before = cumulative()
    sources = [Source() for _ in range(3)]
    remaining = list(sent)
    while remaining:
        size = chance.randint(1, 20)
        part, remaining = remaining[:size], remaining[size:]
        source = chance.choice(sources)
        fields = source.batch(*part)
        for _ in range(chance.choice((1, 1, 2))):  # an unknown outcome is resent
            source.put(fields)
        if chance.random() < 0.5:
            drain_all()
        if chance.random() < 0.3:
            prune()
        now = cumulative()
        assert all(now.get(key, -1) >= value for key, value in before.items())
        before = now
    drain_all()
    last = cumulative()

    def grown(name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return last.get(key, 0) - first.get(key, 0)

    requests = [one for one in sent if isinstance(one, Request)]
    tasks = [one for one in sent if isinstance(one, Task)]
    assert grown("http_requests_total") == len(requests)
    assert grown("http_status_500") == sum(one.status == 500 for one in requests)
    by_labels = [key for key in last if key[0] == "http_server_request_duration_seconds_count"]
    assert sum(last[key] - first.get(key, 0) for key in by_labels) == len(requests)
    assert grown("celery_task_total") == len(tasks)
    assert grown("celery_task_SUCCESS") == sum(one.state is TaskState.SUCCESS for one in tasks)
    failed = [key for key in last if key[0] == "celery_task_failed_total"]
    assert sum(last[key] - first.get(key, 0) for key in failed) == sum(o.state is TaskState.FAILURE for o in tasks)
    counted = sum(one.value for one in sent if isinstance(one, Counter) and one.name == "a")
    assert grown("a") == pytest.approx(counted)


def test_totals_outlive_the_rows_they_were_counted_from(samples: Read) -> None:
    recorder.record(Request(time.time_ns(), 10**7, "GET", "api/designs/", 200))
    MetricsCollector.increment_counter("uploads_total", 5)
    recorder.flush()
    drain_all()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=500), tick=True):
        prune()
        found = samples()
    assert series(found, "uploads_total") == 5
    assert series(found, "http_requests_total") == series(found, "api_request_duration_count") == 1


def test_a_worker_that_is_gone_leaves_and_makes_room(samples: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_on(name: str) -> None:
        monkeypatch.setattr(node, "_named", [name])
        recorder.record(Task(time.time_ns(), 10**7, "shop.pay", "q", TaskState.SUCCESS, 10**7))
        recorder.flush()
        drain_all()

    def workers() -> set[str]:
        found = samples()
        assert series(found, "celery_task_total") == ran
        return {dict(labels)["hostname"] for name, labels in found if name == "celery_task_succeeded_total"}

    run_on("celery@old")
    ran = 1
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25), tick=True):
        run_on("celery@new")
        ran = 2
        assert workers() == {"celery@new"}
        assert LabelledTotal.objects.filter(family="succeeded").count() == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, minutes=10), tick=True):
        prune()
        assert LabelledTotal.objects.filter(family="succeeded").count() == 1
        run_on("celery@new")
        ran = 3
        found = samples()
    labels = {"name": "shop.pay", "hostname": "celery@new", "queue_name": "q"}
    assert series(found, "celery_task_succeeded_total", **labels) == 2


def test_a_flood_of_names_adds_few_series_and_loses_no_event(configure: Any, samples: Read) -> None:
    limit, flood = 10, 300
    configure(METRICS_SERIES=limit)
    source, now = Source(), time.time_ns()
    for part in range(3):
        for number in range(part * flood, (part + 1) * flood, 100):
            source.send(
                *(Request(now, 10**7, "GET", f"page/{n}/", 200) for n in range(number, number + 100)),
                *(
                    Task(now, 10**7, f"t{n}", f"q{n}", TaskState.FAILURE, 10**7, f"Error{n}")
                    for n in range(number, number + 100)
                ),
                *(Sent(now, f"t{n}", f"q{n}") for n in range(number, number + 100)),
                *(Counter(now, f"c{n}", 1.0) for n in range(number, number + 100)),
            )
        drain_all()
        found = samples()
        total = (part + 1) * flood
        assert series(found, "http_requests_total") == series(found, "celery_task_total") == total
        for name in (
            "http_server_request_duration_seconds_count",
            "celery_task_failed_total",
            "celery_task_sent_total",
        ):
            mine = [value for (title, _), value in found.items() if title == name]
            assert sum(mine) == total
            assert len(mine) <= 2 * (limit + 2)
        assert len(found) < 1_500
    labels = {"http_request_method": "_OTHER", "http_route": "<other>", "http_response_status_code": "200"}
    assert series(found, "http_server_request_duration_seconds_count", **labels) == 3 * flood - limit
    assert series(found, "enginel_intake_notes_total", note="label_sets_folded") > 0
