"""Requests that are answered with 5xx are told apart by client and route, whether or not their errors are logged."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from monitoring.component import Status
from monitoring.errors.models import ErrorLog
from monitoring.health.api import ReadyView
from monitoring.intake import decode
from monitoring.recording import wire
from monitoring.recording.events import ServerError
from monitoring.recording.flusher import encode_batch
from monitoring.recording.recorder import recorder

pytestmark = pytest.mark.urls(__name__)


def broken(request: HttpRequest, number: int) -> HttpResponse:
    raise RuntimeError("it broke")


def answered(request: HttpRequest, status: int) -> HttpResponse:
    return HttpResponse("sorry", status=status)


urlpatterns = [
    path("orders/<int:number>/", broken),
    path("answered/<int:status>/", answered),
    path("ready/", ReadyView.as_view()),
]


@pytest.fixture
def buffered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What was recorded of server errors, unsent."""
    monkeypatch.setattr(recorder, "_notice", lambda *_, **__: None)
    return recorder._buffers[ServerError]


def client() -> Client:
    return Client(raise_request_exception=False, REMOTE_ADDR="203.0.113.9")


def test_an_answer_of_5xx_is_told_with_client_route_and_error(buffered: Any) -> None:
    error_id = client().get("/orders/7/", HTTP_TRACEPARENT=f"00-{'ab' * 16}-{'cd' * 8}-01").headers.get("X-Error-ID")

    (told,) = buffered
    assert (told.method, told.route, told.status) == ("GET", "orders/<int:number>/", 500)
    assert (told.client, told.trace) == ("203.0.113.9", "ab" * 16)
    assert told.error_id > 0
    assert error_id is None or error_id.replace("-", "") == f"{told.error_id:032x}"


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (404, 0), (429, 0), (499, 0), (500, 1), (503, 1), (599, 1)])
def test_only_answers_of_5xx_are_told(buffered: Any, status: int, expected: int) -> None:
    client().get(f"/answered/{status}/")

    assert len(buffered) == expected


def test_errors_that_are_not_tracked_are_told_all_the_same(buffered: Any, settings: Any) -> None:
    settings.ERROR_TRACKING = {"ENABLED": False}

    client().get("/orders/7/")

    assert [told.error_id for told in buffered] == [0]


def test_nobody_is_to_blame_for_what_a_health_probe_says(buffered: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.health.api.overall", lambda _parts: Status.UNHEALTHY)

    assert client().get("/ready/").status_code == 503
    assert not buffered


def test_they_travel_as_columns() -> None:
    event = ServerError(5_000_000, "GET", "orders/<int:number>/", 503, "203.0.113.9", "ab" * 16, "17", 2**100 + 3)
    data = encode_batch(recorder.config, {ServerError: [event, event]})
    fields = {key.encode(): value for key, value in wire.entry("a1", 1, {"server_error": 2}, data).items()}
    fields = {key: value.encode() if isinstance(value, str) else value for key, value in fields.items()}
    payload = wire.read_payload(wire.read_head(fields), fields)
    assert payload is not None
    decode.check(payload)

    columns = decode.gather([payload], decode.Bounds(0, 2**60)).measures["server_error"]

    read = {title: values.tolist() for title, values in columns.values.items()}
    assert [columns.names[one] for one in columns.name] == [(recorder.config.service, "GET orders/<int:number>/")] * 2
    assert [columns.names[one][1] for one in read["client"]] == ["203.0.113.9"] * 2
    assert read["code"] == [503, 503]
    assert [high << 64 | low for high, low in zip(read["high"], read["low"], strict=True)] == [2**100 + 3] * 2


@pytest.mark.usefixtures("eager")
def test_what_a_health_probe_says_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.health.api.overall", lambda _parts: Status.UNHEALTHY)

    client().get("/ready/")
    client().get("/answered/503/")

    assert [row.name for row in ErrorLog.objects.all()] == ["GET answered/<int:status>/"]
