"""Errors to Sentry: what a server that parses envelopes gets of them."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from sentry_sdk.envelope import Envelope
from werkzeug import Request, Response

from monitoring.sinks.base import AwayError, DoubtfulError, OptionsError, RefusedError, Report
from monitoring.sinks.sentry import Sentry
from tests.sinks.made import AT, ERROR_ID, PARENT, SPAN, TRACE, answered, error, logged

KEY = "d1a2b3c4"


class Project:
    """A project of Sentry on loopback, which keeps what it gets.

    Attributes:
        answers: What it says, one after the other; then that it took it.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked: list[Request] = []
        self.answers: list[Response] = []
        self.dsn = f"http://{KEY}@127.0.0.1:{server.port}/42"
        server.expect_request("/api/42/envelope/", method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.asked.append(request)
        envelope = Envelope.deserialize(gzip.decompress(request.get_data()))
        self.events += [event for item in envelope.items if (event := item.get_event()) is not None]
        return self.answers.pop(0) if self.answers else Response('{"id": "x"}', 200)


@pytest.fixture
def project(httpserver: HTTPServer) -> Iterator[Project]:
    yield Project(httpserver)
    httpserver.check_assertions()


def send(project: Project, *records: Any) -> Report:
    return Sentry.of({"dsn": project.dsn}).send(records, time.monotonic() + 60)


def test_an_error_arrives_with_all_that_is_known_of_it(project: Project) -> None:
    assert send(project, error(severity="critical")) == Report(1)

    (event,) = project.events
    assert UUID(event["event_id"]).hex == ERROR_ID
    assert event["level"] == "fatal"
    assert (event["release"], event["environment"], event["server_name"]) == ("1.2", "staging", "web-1")
    assert event["transaction"] == "POST api/buy/"
    assert event["fingerprint"] == ["f" * 32]
    assert event["tags"]["service"] == "shop"
    assert event["tags"]["request_id"] == "r-1"
    assert event["contexts"]["trace"] == {"trace_id": TRACE, "span_id": SPAN}
    assert event["contexts"]["enginel"]["order"] == "o-9"
    assert event["user"] == {"id": "7", "ip_address": "203.0.113.9"}
    assert event["request"]["url"] == "https://shop.example.com/api/buy/"
    assert event["breadcrumbs"]["values"] == [
        {"timestamp": (AT - 5) / 1000, "level": "warning", "category": "shop.stock", "message": "low"}
    ]
    assert f"sentry_key={KEY}" in project.asked[0].headers["X-Sentry-Auth"]


def test_exceptions_are_told_from_the_first_that_was_raised_with_their_frames(project: Project) -> None:
    send(project, error())

    cause, raised = project.events[0]["exception"]["values"]
    assert (cause["type"], cause["value"]) == ("KeyError", "'sku'")
    assert (raised["type"], raised["module"], raised["value"]) == ("SoldOut", "shop.errors", "none left")
    assert raised["mechanism"] == {"type": "enginel", "handled": False}
    library, own = raised["stacktrace"]["frames"]
    assert (library["in_app"], own["in_app"]) == (False, True)
    assert (own["function"], own["lineno"], own["module"]) == ("buy", 12, "shop.views")
    assert own["context_line"] == "    raise SoldOut('none left')"
    assert own["pre_context"] == ["def buy(request):"]
    assert own["vars"] == {"left": "0"}


def test_lines_and_answers_are_messages(project: Project) -> None:
    assert send(project, logged(), answered(503)) == Report(2)

    line, answer = project.events
    assert line["logentry"] == {"formatted": "it failed", "message": "it %s"}
    assert line["logger"] == "shop.views"
    assert answer["logentry"]["formatted"] == "503 Service Unavailable: POST api/buy/"
    assert "exception" not in answer


def test_what_nobody_knows_is_left_out(project: Project) -> None:
    record = error(worker="", context={}, user="", client="")
    send(project, type(record)(record.kind, record.service, "", "", record.at, record.values))

    (event,) = project.events
    assert not {"release", "server_name", "environment", "user"} & event.keys()
    assert "contexts" not in event


def test_an_error_without_span_has_one_that_is_the_same_each_time(project: Project) -> None:
    record = error(context={"trace_id": TRACE})
    send(project, record)
    send(project, record)

    assert [event["contexts"]["trace"]["span_id"] for event in project.events] == [ERROR_ID[:16]] * 2
    assert PARENT not in str(project.events)


def test_an_event_that_is_refused_stops_no_other(project: Project) -> None:
    project.answers = [Response(status=400, headers={"X-Sentry-Error": "no such field"})]

    assert send(project, error(), error("1" * 32)) == Report(2, 1, "Sentry answered 400: no such field")


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        (Response(status=429, headers={"Retry-After": "17"}), AwayError, 17.0),
        (Response(status=429, headers={"X-Sentry-Rate-Limits": "60:error:key, 2700:default"}), AwayError, 60.0),
        (Response(status=503), AwayError, None),
        (Response(status=401), AwayError, None),
        (Response(status=500), DoubtfulError, None),
    ],
)
def test_what_arrived_before_it_failed_is_settled(
    project: Project, answer: Response, kind: type[Exception], seconds: float | None
) -> None:
    project.answers = [Response("{}", 200), answer]

    with pytest.raises(kind) as failed:
        send(project, error(), error("1" * 32), error("2" * 32))

    assert failed.value.report == Report(1)  # type: ignore[attr-defined]
    assert failed.value.retry_after == seconds  # type: ignore[attr-defined]
    assert not isinstance(failed.value, RefusedError)


def test_nothing_is_begun_when_there_is_no_time(project: Project) -> None:
    sink = Sentry.of({"dsn": project.dsn, "timeout": 30})

    assert sink.send([error(), error("1" * 32)], time.monotonic()) == Report(1)


def test_who_is_away_is_said_to_be() -> None:
    with pytest.raises(AwayError, match="Sentry did not answer"):
        Sentry.of({"dsn": "http://key@127.0.0.1:9/1"}).send([error()], time.monotonic() + 60)


@pytest.mark.parametrize("dsn", ["", "https://sentry.example.com/1", "https://key@sentry.example.com/", "key@host/1"])
def test_a_dsn_that_is_none_is_said_to_be(dsn: str) -> None:
    with pytest.raises(OptionsError):
        Sentry.of({"dsn": dsn})


def test_the_key_is_never_shown() -> None:
    sink = Sentry.of({"dsn": f"https://{KEY}@sentry.example.com/7"})

    assert KEY not in repr(sink)
    assert sink.address == "https://sentry.example.com/7"
