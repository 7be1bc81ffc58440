"""Two formats, by what the scraper accepts, compressed if it wants that."""

from __future__ import annotations

import gzip
import time

import pytest

from monitoring.metrics import MetricsCollector
from monitoring.recording.events import Request, Task, TaskState
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import parsed, scrape, scrape_again

pytestmark = pytest.mark.usefixtures("redis_client", "db")

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=0.0.4;q=0.25,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        ("text/plain", PLAIN),
        ("text/html, application/json", PLAIN),
        ("application/openmetrics-text", OPEN),
        (PROMETHEUS_2, OPEN),
        (PROMETHEUS_3, OPEN),
        ("application/openmetrics-text; version=0.0.1", PLAIN),
        ("application/openmetrics-text; version=2.0.0", PLAIN),
        ("application/openmetrics-text;q=0, text/plain", PLAIN),
        ("application/openmetrics-text;q=0.1, text/plain;q=0.9", PLAIN),
        ("application/openmetrics-text;version=;;q=x,,", OPEN),
    ],
)
def test_the_format_is_the_one_that_is_preferred(accept: str, form: str) -> None:
    answer = scrape(Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == form
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content.endswith(b"# EOF\n") is (form == OPEN)


@pytest.mark.parametrize(
    ("encoding", "compressed"),
    [("gzip", True), ("gzip, deflate", True), ("GZIP;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_it_is_compressed_for_who_wants_that(encoding: str, compressed: bool) -> None:
    plain = scrape(Accept=PROMETHEUS_2).content
    answer = scrape_again(Accept=PROMETHEUS_2, **{"Accept-Encoding": encoding})
    assert ("Content-Encoding" in answer.headers) is compressed
    assert (gzip.decompress(answer.content) if compressed else answer.content) == plain


def test_both_formats_say_the_same_to_a_strict_parser() -> None:
    now = time.time_ns()
    MetricsCollector.increment_counter("uploads_total", 3)
    MetricsCollector.increment_counter("uploads", 2)
    MetricsCollector.increment_counter('quote"\\\n', 1)
    MetricsCollector.record_gauge("active_users", 42)
    recorder.record(Request(now, 10_000_000, "GET", 'api/"odd\\\\"/<path:p>/', 200))
    recorder.record(Task(now, 5_000_000, 'odd"task\n', "q", TaskState.FAILURE, 1_000_000, "ValueError"))
    recorder.flush()
    drain_all()
    plain = parsed(scrape().content.decode())
    assert plain == parsed(scrape_again(Accept=OPEN).content.decode())
    assert len(plain) > 50
