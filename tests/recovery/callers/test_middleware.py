"""The middleware answers what views raise in the documented format, and does nothing for who succeeds."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory

from monitoring.errors.models import ErrorLog
from monitoring.performance.models import MinuteRollup
from monitoring.recovery import AIErrorRecoveryMiddleware
from monitoring.recovery.models import Recovery

from . import views

MIDDLEWARE = ["monitoring.recording.middleware.MonitoringMiddleware", "monitoring.recovery.AIErrorRecoveryMiddleware"]


@pytest.fixture(autouse=True)
def project(settings: Any) -> None:
    settings.ROOT_URLCONF = views
    settings.MIDDLEWARE = MIDDLEWARE
    views.FAILURES.clear()


@pytest.fixture
def caller() -> Client:
    return Client()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("failure", "status", "severity"), views.ANSWERS, ids=lambda one: type(one).__name__)
def test_each_severity_has_its_documented_status(caller: Client, failure: Any, status: int, severity: str) -> None:
    views.FAILURES.append(failure)
    response = caller.get("/plain/")

    told = response.json()
    assert (response.status_code, told["status"], told["error"]["severity"]) == (status, status, severity)
    assert response["Content-Type"] == "application/problem+json"
    assert told["error"].keys() == {"type", "message", "error_id", "severity"}
    assert told["recovery"] == {
        "attempted": True,
        "success": None,
        "message": "Recovery is queued; its outcome is not known yet.",
        "actions": [],
        "outcome": None,
    }
    row = ErrorLog.objects.get()
    assert (str(row.error_id), row.status_code, row.handled) == (told["error"]["error_id"], status, False)
    assert (row.name, row.url_pattern) == ("GET plain/", "plain/")
    assert Recovery.objects.get().error_id == row.error_id


@pytest.mark.usefixtures("eager")
def test_nothing_of_the_exception_is_told_but_its_type(caller: Client) -> None:
    views.FAILURES.append(ValueError("the password is rosebud"))
    assert b"rosebud" not in caller.get("/plain/").content


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("failure", "status"), views.NONE_OF_OURS, ids=lambda one: type(one).__name__)
def test_what_django_answers_itself_is_left_to_it(caller: Client, failure: Exception, status: int) -> None:
    views.FAILURES.append(failure)
    response = caller.get("/plain/", headers={"accept": "application/json"})
    assert response.status_code == status
    assert not Recovery.objects.exists()


@pytest.mark.usefixtures("eager")
def test_a_browser_is_shown_a_page(caller: Client) -> None:
    views.FAILURES.append(ValueError("no"))
    response = caller.get("/plain/", headers={"accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "Something went wrong" in response.content.decode()


@pytest.mark.usefixtures("eager")
def test_it_works_without_the_middleware_that_records(caller: Client, settings: Any) -> None:
    settings.MIDDLEWARE = MIDDLEWARE[1:]
    views.FAILURES.append(TimeoutError("slow"))
    response = caller.get("/plain/")
    assert response.status_code == 503
    assert str(ErrorLog.objects.get().error_id) == response.json()["error"]["error_id"]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("key", ["MONITORING", "ERROR_TRACKING"])
def test_it_says_that_nothing_is_attempted_and_not_why(caller: Client, settings: Any, key: str) -> None:
    given = {**settings.MONITORING, "RECOVERY": "off"} if key == "MONITORING" else {"EXCLUDE_PATHS": ["/plain/"]}
    setattr(settings, key, given)
    views.FAILURES.append(TimeoutError("slow"))
    told = caller.get("/plain/").json()
    assert told["recovery"] | {"actions": None} == {
        "attempted": False,
        "success": False,
        "message": "Nothing was done.",
        "actions": None,
        "outcome": None,
    }
    assert not Recovery.objects.exists()


@pytest.mark.usefixtures("eager")
def test_repetitions_are_not_asked_about_one_by_one(caller: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ERRORS_PER_MINUTE": 2}
    views.FAILURES += [TimeoutError("slow") for _ in range(4)]
    told = [caller.get("/plain/").json()["recovery"]["attempted"] for _ in range(4)]
    assert told == [True, True, False, False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
def test_async_views_are_answered_alike() -> None:
    views.FAILURES.append(ConnectionError("gone"))
    response = asyncio.run(AsyncClient().get("/plain-async/"))
    told = response.json()
    assert (response.status_code, told["recovery"]["attempted"], told["error"]["type"]) == (
        503,
        True,
        "ConnectionError",
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_client")
def test_a_failure_counts_against_its_client_whatever_its_status(caller: Client) -> None:
    from monitoring.recording.events import ServerError
    from monitoring.recording.recorder import recorder

    views.FAILURES.append(ValueError("no"))
    recorder.flusher.notify = lambda **_: None  # type: ignore[method-assign]  # what was recorded is looked at
    caller.get("/plain/")
    (blamed,) = recorder._buffers[ServerError]
    assert (blamed.status, blamed.route) == (500, "plain/")


@pytest.mark.usefixtures("eager")
def test_it_counts_as_a_failure_of_its_route_whatever_its_status(caller: Client) -> None:
    views.FAILURES.append(ValueError("no"))
    assert [caller.get("/plain/").status_code for _ in range(2)] == [400, 200]
    row = MinuteRollup.objects.get()
    assert (row.count, row.errors) == (2, 1)


def test_a_request_that_succeeds_costs_one_call_and_no_allocation() -> None:
    response, request = HttpResponse("done"), RequestFactory().get("/plain/")
    middleware = AIErrorRecoveryMiddleware(lambda _request: response)
    lines: list[Any] = []

    def count(frame: Any, event: str, _argument: Any) -> Any:
        if "recovery" in frame.f_code.co_filename and event == "line":
            lines.append((frame.f_code.co_filename, frame.f_lineno))
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        assert middleware(request) is response
    finally:
        sys.settrace(before)
    ours = [line for line in lines if "callers" in line[0] and "tests" not in line[0]]
    assert len(ours) == 1

    blocks = []
    for _ in range(50):
        start = sys.getallocatedblocks()
        middleware(request)
        blocks.append(sys.getallocatedblocks() - start)
    assert min(blocks) <= 0
