"""Which parts of a trace are recorded, as what, and how many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitoring.performance import PerformanceMonitor
from monitoring.recording import propagation, spans, w3c
from monitoring.recording.columns import Notes
from monitoring.recording.context import Context, current
from monitoring.recording.encode import span as encode
from monitoring.recording.events import Counter, Span
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience import circuits, timeouts
from monitoring.recording.resilience.http import session
from tests.recording.recorded import Recorded

from .conftest import SPAN, TRACE, request

SECOND = 10**9


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    yield
    timeouts.forget()
    circuits.forget()


def change(settings: Any, **values: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, **values}
    recorder.reset()


def ended(context: Context, *, status: int = 200, slow: bool = False) -> None:
    spans.request_ended(context, 100 * SECOND, SECOND, "POST api/orders/", status, status >= 500, slow=slow)


def test_a_request_of_a_kept_trace_is_a_span_from_its_beginning(kept: Context, recorded: Recorded) -> None:
    ended(kept)
    (span,) = recorded.of(Span)
    assert (span.at, span.duration, span.of, span.name) == (99 * SECOND, SECOND, "request", "POST api/orders/")
    assert (span.trace, span.span, span.parent, span.status) == (TRACE, kept.span_id, SPAN, 200)
    assert span.about["path"] == "/api/orders/"


def test_of_other_traces_what_failed_or_was_slow_is_a_span_so_many_times_a_minute(
    recorded: Recorded, settings: Any
) -> None:
    change(settings, SPANS_PER_MINUTE=3)
    ended(request())
    for _ in range(2):
        ended(request(), status=503)
        ended(request(), slow=True)
    assert [(span.failed, span.status) for span in recorded.of(Span)] == [(True, 503), (False, 200), (True, 503)]
    assert [counter.name for counter in recorded.of(Counter)] == [spans.DROPPED]


def test_operations_are_spans_below_each_other(kept: Context, recorded: Recorded) -> None:
    @PerformanceMonitor.track_duration("inner")
    def work() -> None:
        raise KeyError

    with PerformanceMonitor.track_duration("outer"):
        inside = kept.active_span_id
        with pytest.raises(KeyError):
            work()
    inner, outer = recorded.of(Span)
    assert (inner.name, inner.parent, inner.failed) == ("inner", outer.span, True)
    assert (outer.name, outer.parent, outer.span) == ("outer", kept.span_id, inside)
    assert inner.about["request_id"] == kept.request_id
    assert outer.at <= inner.at
    assert kept.active_span_id == kept.span_id


def test_a_generator_is_a_span_that_surrounds_nothing(kept: Context, recorded: Recorded) -> None:
    @PerformanceMonitor.track_duration("rows")
    def rows() -> Iterator[int]:
        yield 1
        yield 2

    reading = rows()
    next(reading)
    assert kept.active_span_id == kept.span_id
    assert list(reading) == [2]
    (span,) = recorded.of(Span)
    assert (span.name, span.parent) == ("rows", kept.span_id)


def test_of_a_trace_that_is_not_kept_no_part_is(other: Context, recorded: Recorded) -> None:
    with PerformanceMonitor.track_duration("work"), circuits.circuit("payments"):
        pass
    assert not recorded.of(Span)
    assert (other._trace, other._span) == ("", "")


def test_outside_of_everything_nothing_is(recorded: Recorded) -> None:
    assert current.get() is None
    with PerformanceMonitor.track_duration("work"):
        assert propagation.headers_for("http://127.0.0.1/") == {}
    assert not recorded.of(Span)


def test_a_trace_that_comes_to_be_kept_within_an_operation_has_it(other: Context, recorded: Recorded) -> None:
    with PerformanceMonitor.track_duration("work"):
        other.keeps = True
    assert [(span.name, span.parent) for span in recorded.of(Span)] == [("work", other.span_id)]


def test_one_request_has_so_many_parts_and_says_how_many_were_left_out(
    kept: Context, recorded: Recorded, settings: Any
) -> None:
    change(settings, SPANS_PER_CONTEXT=5)
    for _ in range(7):
        with PerformanceMonitor.track_duration("work"):
            pass
    ended(kept)
    assert [span.of for span in recorded.of(Span)] == ["operation"] * 5 + ["request"]
    assert recorded.of(Span)[-1].about["dropped"] == 2
    assert sum(counter.name == spans.DROPPED for counter in recorded.of(Counter)) == 2


def test_a_call_through_a_circuit_is_a_span(kept: Context, recorded: Recorded) -> None:
    with circuits.circuit("payments") as passage:
        passage.fail()
    (span,) = recorded.of(Span)
    assert (span.of, span.name, span.parent, span.failed) == ("client", "payments", kept.span_id, True)


@pytest.mark.parametrize("guarded", [False, True])
def test_an_outgoing_call_is_one_span_which_the_other_side_is_told_of(
    kept: Context, recorded: Recorded, httpserver: HTTPServer, guarded: bool
) -> None:
    httpserver.expect_request("/").respond_with_data(status=503)
    if guarded:
        circuits.circuit("payments")
    session("payments").get(httpserver.url_for("/"))
    (span,) = recorded.of(Span)
    assert (span.of, span.name, span.status, span.failed) == ("client", f"GET {httpserver.host}", 503, True)
    assert (span.parent, span.about["dependency"]) == (kept.span_id, "payments")
    assert httpserver.log[0][0].headers["traceparent"] == f"00-{TRACE}-{span.span}-01"


def test_who_asks_another_service_decides_whether_the_trace_is_kept(
    other: Context, recorded: Recorded, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/").respond_with_data()
    session("payments").get(httpserver.url_for("/"))
    (span,) = recorded.of(Span)
    assert other.kept
    assert w3c.read(httpserver.log[0][0].headers["traceparent"]) == (other.trace_id, span.span, True)


def test_a_redirect_to_a_stranger_tells_him_nothing(kept: Context, recorded: Recorded, httpserver: HTTPServer) -> None:
    seen: list[str | None] = []

    def answer(asked: Request) -> Response:
        seen.append(asked.headers.get("traceparent"))
        elsewhere = f"http://127.0.0.1.nip.test:{httpserver.port}/"
        return Response(status=302, headers={"location": elsewhere}) if len(seen) == 1 else Response("there")

    httpserver.expect_request("/").respond_with_handler(answer)
    client = session("payments")
    client.proxies = {"http://127.0.0.1.nip.test": httpserver.url_for("/")}  # who leads to the stranger
    client.get(httpserver.url_for("/"))
    assert [header is not None for header in seen] == [True, False]
    assert len(recorded.of(Span)) == 2


def test_a_header_that_the_caller_gives_stays(kept: Context, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data()
    session("payments").get(httpserver.url_for("/"), headers={"traceparent": "mine"})
    assert httpserver.log[0][0].headers["traceparent"] == "mine"


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("192.168.0.7", True), ("fd00::1", True),
        ("orders", True), ("orders.shop.svc", True), ("orders.svc.cluster.local", True), ("db.internal", True),
        ("localhost", True), ("", False), ("8.8.8.8", False), ("2001:4860:4860::8888", False), ("0.0.0.0", False),
        ("api.stripe.com", False), ("hooks.slack.com.", False), ("internal.example.org", False),
    ],
)  # fmt: skip
def test_told_are_those_who_are_plainly_inside(host: str, inside: bool) -> None:
    assert propagation.is_told(host, ()) is inside
    assert propagation.is_told(host, ("*",)) is bool(host)


def test_told_are_those_whom_the_operator_names() -> None:
    named = ("api.example.org", ".example.net")
    hosts = ("api.example.org", "www.example.org", "a.example.net", "example.net", "badexample.net")
    assert [propagation.is_told(host, named) for host in hosts] == [True, False, True, False, False]


def test_no_address_makes_telling_fail(kept: Context) -> None:
    assert propagation.headers_for("http://[::1") == {}
    assert propagation.headers_for("nonsense") == {}


def test_the_id_that_a_client_chose_goes_along_to_those_inside_alone() -> None:
    token = current.set(request(HTTP_X_REQUEST_ID="r-1"))
    assert propagation.headers_for("http://orders/")["X-Request-ID"] == "r-1"
    assert propagation.headers_for("http://example.org/") == {}
    current.reset(token)


@pytest.mark.parametrize("host", ["evil。com", "evil．com", "134744072", "0x08080808"])  # noqa: RUF001
def test_other_spellings_of_strangers_are_strangers(host: str) -> None:
    assert not propagation.is_told(host, ())


def test_a_span_travels_with_the_part_of_its_time_below_a_millisecond(kept: Context, recorded: Recorded) -> None:
    spans.request_ended(kept, 5_123_456_789, 0, "GET x", 200, False)
    values = encode(recorded.of(Span)[0], Notes()).values
    assert (values["microsecond"], values["trace"], values["span"]) == (456, TRACE, kept.span_id)
