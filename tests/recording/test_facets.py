"""The documented middleware: each records its own facet alone, and several of them nothing twice."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from designs import middleware as documented
from monitoring.errors.models import ErrorLog
from monitoring.metrics.models import LabelledTotal
from monitoring.metrics.reader import totals
from monitoring.performance.models import SlowSample
from monitoring.performance.stats import slowest_total
from monitoring.recording import errors, middleware
from monitoring.recording.recorder import recorder

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("eager")]

COMBINED = "monitoring.recording.middleware.MonitoringMiddleware"
FACES = {
    "errors": "designs.middleware.ErrorTrackingMiddleware",
    "lines": "designs.middleware.RequestLoggingMiddleware",
    "performance": "designs.middleware.PerformanceMonitoringMiddleware",
    "metrics": "designs.middleware.MetricsMiddleware",
}


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it broke")


def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse(errors.identify().error_id, status=409)


async def async_broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it broke")


urlpatterns = [path("broken/", broken), path("async-broken/", async_broken), path("shown/", shown)]


def ask(*installed: str, settings: Any, asynchronous: bool) -> None:
    """Have one request answered with a 500 by a project that has installed these."""
    settings.MIDDLEWARE = list(installed)
    settings.MONITORING = {**settings.MONITORING, "SLOW_REQUEST_SECONDS": 1e-9}
    if asynchronous:
        asyncio.run(_ask())
        recorder.flush()
    else:
        assert Client(raise_request_exception=False).get("/broken/").status_code == 500


async def _ask() -> None:
    response = await AsyncClient(raise_request_exception=False).get("/async-broken/")
    assert response.status_code == 500


def recorded(caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    """How often each facet was recorded."""
    timed = [one["count"] for one in slowest_total("request").values()]
    counted = int(totals("metric").get("http_requests_total", 0))
    written = [one for one in caplog.records if one.name == "monitoring.requests"]
    assert SlowSample.objects.count() == len(timed) == sum(timed)
    assert LabelledTotal.objects.exists() == bool(counted)
    assert all(one.levelno == logging.ERROR for one in written)
    found = {"errors": ErrorLog.objects.count(), "lines": len(written), "performance": sum(timed), "metrics": counted}
    return {facet: times for facet, times in found.items() if times}


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("facet", FACES)
def test_each_alone_records_its_facet_alone(
    facet: str, asynchronous: bool, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ask(FACES[facet], settings=settings, asynchronous=asynchronous)
    assert recorded(caplog) == {facet: 1}


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    "installed",
    [
        list(FACES.values()),
        list(reversed(FACES.values())),
        [COMBINED, *FACES.values()],
        [FACES["lines"], COMBINED],
        [FACES["metrics"], "django.middleware.common.CommonMiddleware", COMBINED, COMBINED, FACES["lines"]],
    ],
    ids=["all four", "all four the other way", "all four in the combined one", "lines around it", "some of them twice"],
)
def test_several_record_nothing_twice(
    installed: list[str], asynchronous: bool, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ask(*installed, settings=settings, asynchronous=asynchronous)
    assert recorded(caplog) == dict.fromkeys(FACES, 1)


def test_any_two_record_both_of_theirs(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    asked = dict.fromkeys(FACES, 0)
    for two in itertools.combinations(FACES, 2):
        ask(*(FACES[facet] for facet in two), settings=settings, asynchronous=False)
        asked |= {facet: asked[facet] + 1 for facet in two}
        assert ErrorLog.objects.count() == asked["errors"]
        assert int(totals("metric").get("http_requests_total", 0)) == asked["metrics"]
        assert sum(one["count"] for one in slowest_total("request").values()) == asked["performance"]
        assert sum(one.name == "monitoring.requests" for one in caplog.records) == asked["lines"]


def test_the_combined_one_records_all_but_lines(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    ask(COMBINED, settings=settings, asynchronous=False)
    assert recorded(caplog) == {"errors": 1, "performance": 1, "metrics": 1}


@pytest.mark.parametrize(("path", "level", "status"), [("/nowhere/", "WARNING", 404), ("/broken/", "ERROR", 500)])
def test_a_line_says_what_was_asked_how_it_was_answered_and_whose_request_it_was(
    path: str, level: str, status: int, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = [FACES["lines"]]
    Client(raise_request_exception=False).get(f"{path}?token=secret", headers={"X-Request-ID": "abc"})
    (line,) = (one for one in caplog.records if one.name == "monitoring.requests")
    assert (line.levelname, line.enginel["status"], line.enginel["request_id"]) == (level, status, "abc")  # type: ignore[attr-defined]
    assert f" answered {status} in 0." in line.getMessage()
    assert "secret" not in f"{line.getMessage()} {line.enginel}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("facet", FACES)
def test_no_id_is_shown_of_an_error_that_is_not_recorded(facet: str, settings: Any) -> None:
    settings.MIDDLEWARE = [FACES[facet]]
    shown = Client().get("/shown/").content.decode()
    assert bool(shown) == (facet == "errors")
    assert [str(one.error_id) for one in ErrorLog.objects.all()] == ([shown] if shown else [])


def test_who_captures_errors_below_one_that_does_not_has_them_recorded(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    capture = "monitoring.errors.middleware.ErrorCaptureMiddleware"
    ask(FACES["metrics"], capture, settings=settings, asynchronous=False)
    assert recorded(caplog) == {"metrics": 1, "errors": 1}


def test_the_face_is_the_platforms() -> None:
    assert {getattr(documented, name) for name in documented.__all__} == {
        middleware.ErrorTrackingMiddleware,
        middleware.MetricsMiddleware,
        middleware.PerformanceMonitoringMiddleware,
        middleware.RequestLoggingMiddleware,
    }


def line_of(caplog: pytest.LogCaptureFixture) -> Any:
    (line,) = (one for one in caplog.records if one.name == "monitoring.requests")
    return line


def test_a_line_has_the_documented_fields_and_no_more_unless_asked(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = [FACES["lines"]]
    headers = {"User-Agent": "Mozilla/5.0", "X-Colour": "red", "Authorization": "Bearer abc"}
    Client(raise_request_exception=False).get("/nowhere/?token=secret", headers=headers)
    said = line_of(caplog).enginel
    assert (said["method"], said["url"], said["endpoint"]) == ("GET", "/nowhere/", "<unmatched>")
    assert (said["ip_address"], said["user_agent"]) == ("127.0.0.1", "Mozilla/5.0")
    assert said["duration"] > 0
    assert not {"headers", "body", "path"} & said.keys()

    caplog.clear()
    settings.MONITORING = {**settings.MONITORING, "RECORD_HEADERS": True}
    Client(raise_request_exception=False).get("/nowhere/", headers=headers)
    told = line_of(caplog).enginel["headers"]
    assert (told["X-Colour"], told["Authorization"]) == ("red", "[filtered]")


def test_a_slow_request_is_a_warning(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.MIDDLEWARE = [FACES["lines"]]
    settings.MONITORING = {**settings.MONITORING, "SLOW_REQUEST_SECONDS": 1e-9}
    with caplog.at_level(logging.INFO):
        Client().get("/api/docs/")
    assert line_of(caplog).levelname == "WARNING"


def test_paths_that_are_left_out_have_no_line(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.MIDDLEWARE = [FACES["lines"]]
    settings.MONITORING = {**settings.MONITORING, "REQUEST_LOG_EXCLUDED": ["/nowhere/"]}
    Client().get("/nowhere/at/all/")
    assert not [one for one in caplog.records if one.name == "monitoring.requests"]
