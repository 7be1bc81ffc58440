"""A flood of names adds few rows, and no event is lost in it."""

from __future__ import annotations

import io
import logging
import random
import string
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db.models import Count, QuerySet, Sum
from django.test import RequestFactory

from monitoring.intake.models import DeadLetter
from monitoring.metrics.models import CounterMinute, GaugeValue, LabelledTotal
from monitoring.metrics.reader import totals
from monitoring.performance.models import DurationTotal, MinuteRollup
from monitoring.recording.events import (
    Counter,
    Event,
    Gauge,
    Operation,
    Received,
    Request,
    Sent,
    Task,
    TaskState,
)
from monitoring.recording.recorder import recorder
from monitoring.storage.names import OTHER, Name
from tests.faults.batches import Source, arrived, operations
from tests.pipeline import counted, drain_all

pytestmark = pytest.mark.usefixtures("redis_client", "database")

FLOOD = 100_000


@pytest.fixture
def site(settings: Any, still: None) -> Iterator[Callable[[str, str], int]]:
    """Return what sends a request through Django's own handler and the middleware."""
    settings.MIDDLEWARE = ["monitoring.recording.middleware.MonitoringMiddleware"]
    settings.ROOT_URLCONF = "tests.faults.plain_urls"
    settings.ALLOWED_HOSTS = ["*"]
    handler, environ = WSGIHandler(), RequestFactory()._base_environ()
    nothing = io.BytesIO()

    def send(method: str, path: str) -> int:
        statuses: list[str] = []
        one = {**environ, "REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": nothing}
        handler(one, lambda status, headers: statuses.append(status)).close()  # type: ignore[arg-type]
        return int(statuses[0].partition(" ")[0])

    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    yield send
    logging.getLogger("django.request").setLevel(logging.NOTSET)


def test_a_hundred_thousand_unknown_paths_and_methods_add_two_names(site: Callable[[str, str], int]) -> None:
    chance = random.Random(11)
    for number in range(FLOOD):
        method = "GET" if number % 2 else "".join(chance.choices(string.ascii_uppercase, k=8))
        assert site(method, f"/{chance.getrandbits(64):x}/{number}/wp-login.php") == 404
        if number % 10_000 == 0:
            assert recorder.flush()
    for number in range(10):
        assert site("GET", f"/api/things/{number}/") == 200
    assert recorder.flush()
    drain_all()
    names = set(Name.objects.filter(kind="request").values_list("name", flat=True))
    assert names == {"GET <unmatched>", "_OTHER <unmatched>", "GET api/things/<int:pk>/"}
    assert arrived("GET <unmatched>", "request") == arrived("_OTHER <unmatched>", "request") == FLOOD // 2
    assert arrived("GET api/things/<int:pk>/", "request") == 10
    assert counted("lost") == {}
    assert totals("metric") == {
        "http_requests_total": FLOOD + 10,
        "http_status_404": FLOOD,
        "http_status_200": 10,
        "api_requests_total": 10,
        "endpoint_things": 10,
    }
    assert not DeadLetter.objects.exists()


def test_names_beyond_the_limit_of_a_minute_fold_into_one_and_no_event_is_lost(
    configure: Callable[..., None],
) -> None:
    configure(NAMES_PER_MINUTE=50)
    minute = int(time.time()) // 60 * 60 * 10**9
    source = Source()
    source.send(*operations(3, "early", at=minute))
    drain_all()
    for first in range(0, 300, 100):
        source.send(*[Operation(minute, 1_000, f"work{first + number}", False) for number in range(100) for _ in "ab"])
        source.send(*operations(3, "early", at=minute))
        drain_all()
    rows = MinuteRollup.objects.filter(start=minute // (60 * 10**9))
    assert 50 <= rows.count() <= 51
    assert rows.aggregate(n=Sum("count"))["n"] == 612
    assert arrived("early") == 12
    assert arrived(OTHER) == 612 - 12 - 49 * 2
    assert DurationTotal.objects.aggregate(n=Sum("count"))["n"] == 612
    assert totals("intake")["names_folded"] >= 251
    assert counted("folded") == {"operation": 612}


def test_the_limit_is_one_of_each_kind(configure: Callable[..., None]) -> None:
    """A flood of one kind does not take the names away from another, in whichever order they come."""
    configure(NAMES_PER_MINUTE=50)
    now = time.time_ns()
    source = Source()
    source.send(*[Operation(now, 1_000, f"work{number}", False) for number in range(100)])
    drain_all()
    source.send(*[Request(now, 1_000, "GET", f"route{number}/", 200) for number in range(40)])
    drain_all()
    assert Name.objects.filter(kind="request", name=OTHER).count() == 0
    assert sum(arrived(f"GET route{number}/", "request") for number in range(40)) == 40


def test_a_flood_of_counter_names_adds_at_most_as_many_rows_as_the_limit(configure: Callable[..., None]) -> None:
    configure(NAMES_PER_MINUTE=50)
    minute = int(time.time()) // 60 * 60 * 10**9
    for first in range(0, 300, 100):
        Source().send(*[Counter(minute, f"user_{first + number}", 2.0) for number in range(100)])
        drain_all()
    assert CounterMinute.objects.count() <= 51
    assert CounterMinute.objects.aggregate(n=Sum("value"))["n"] == 600


def test_a_flood_of_other_names_adds_at_most_as_many_rows_as_the_limits(configure: Callable[..., None]) -> None:
    """Names of tasks, queues, endpoints and exceptions are as many as who publishes likes."""
    limit, series, flood = 50, 20, 1_000
    configure(NAMES_PER_MINUTE=limit, METRICS_SERIES=series)
    minute = int(time.time()) // 60 * 60 * 10**9
    source = Source()
    source.send(*every_kind(minute, "known"))
    drain_all()
    for drain in range(2):
        source.send(*[event for n in range(flood) for event in every_kind(minute, f"{drain}_{n}")])
        source.send(*every_kind(minute, "known"))
        drain_all()
    own = {prefix: CounterMinute.objects.filter(name_id__in=named(prefix)) for prefix in ("celery_task_", "endpoint_")}
    assert own["celery_task_"].count() <= limit + 10  # `<other>` and all tasks, each by how they ended
    assert own["endpoint_"].count() <= limit + 1
    assert CounterMinute.objects.count() <= 3 * limit + 20
    minutes = int(time.time()) // 60 - minute // 60_000_000_000 + 1
    assert GaugeValue.objects.count() <= minutes * (limit + 1)
    counters = totals("metric")
    assert (counters["celery_task_total"], counters["celery_task_FAILED"]) == (2 * flood + 3, 2 * flood + 3)
    assert (counters["celery_task_known"], counters["celery_task_known_FAILED"]) == (3, 3)
    tasks = [value for name, value in counters.items() if name.startswith("celery_task_")]
    assert sum(tasks) == 4 * (2 * flood + 3)
    assert counters["celery_task_<other>"] == counters["celery_task_<other>_FAILED"] > flood
    assert (counters["api_requests_total"], counters["endpoint_known"]) == (2 * flood + 3, 3)
    assert sum(value for name, value in counters.items() if name.startswith("endpoint_")) == 2 * flood + 3
    assert counters["clicks_known"] == 3
    by_family = LabelledTotal.objects.values_list("family").annotate(rows=Count("label_1"), n=Sum("count")).order_by()
    for family, rows, n in by_family:
        assert rows <= series + 1, family
        assert n == 2 * flood + 3, family
    kinds = Tally(Name.objects.values_list("kind", flat=True))
    assert kinds["label_queue"] <= 5 * series
    assert kinds["label_exception"] <= series
    assert kinds["request"] <= limit + series + 1
    assert kinds["task"] <= limit + 5 * series + 1
    assert kinds["metric"] <= 3 * limit + 20
    assert kinds["gauge"] <= limit + 1
    assert counted("folded")["task"] == 2 * flood + 3


def every_kind(at: int, name: str) -> list[Event]:
    """Return events of each kind that a task and a request of that name make."""
    queue = f"queue_{name}"
    return [
        Sent(at, name, queue),
        Received(at, name, queue),
        Task(at, 1_000, name, queue, TaskState.FAILURE, 1_000, f"Error{name}"),
        Request(at, 1_000, "GET", f"api/{'r' if name[0].isdigit() else ''}{name}/", 200),
        Counter(at, f"clicks_{name}", 1.0),
        Gauge(at, f"level_{name}", 1.0),
    ]


def named(prefix: str) -> QuerySet[Any]:
    return Name.objects.filter(kind="metric", name__startswith=prefix).values("pk")


def test_a_storm_of_large_facts_is_sent_in_batches_that_can_be_read(still: None) -> None:
    """What gathers while the thread is held up must not become one batch beyond what intake opens."""
    from monitoring.performance.models import SlowSample
    from monitoring.recording.events import Slow

    context = {f"key{number}": "x" * 1_000 for number in range(50)}
    with recorder.flusher._flushing:
        for _ in range(1_500):
            recorder.record(Slow(time.time_ns(), 10**9, "operation", "work", context))
    assert recorder.flush()
    drain_all("facts")
    assert not DeadLetter.objects.exists()
    assert SlowSample.objects.count() == 1_500
    assert counted("folded") == {"slow": 1_500}
