"""The decorator tries again what is safe to try again, waits for recovery, and answers in the documented format."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import AsyncClient, Client, RequestFactory

from monitoring import decisions
from monitoring.conf import get_config
from monitoring.errors.models import ErrorLog
from monitoring.recovery import ai_error_handler, switch
from monitoring.recovery.callers import retries
from monitoring.recovery.callers.places import places

from . import views
from .conftest import FAILED, SUCCEEDED
from .test_middleware import MIDDLEWARE

QUICK = 5
"""Milliseconds: tests wait for conditions, not for the documented second."""


@pytest.fixture(autouse=True)
def project(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = views
    settings.MIDDLEWARE = MIDDLEWARE[:1]
    settings.ERROR_RECOVERY_TIMEOUT = 30_000
    monkeypatch.setattr(retries, "RETRY_DELAY_MS", QUICK)
    views.FAILURES.clear()
    views.calls.clear()


def send(path: str, method: str = "POST") -> Any:
    """Send a request, with Django's async client to async views."""
    if "async" in path:
        return asyncio.run(AsyncClient().generic(method, path))
    return Client().generic(method, path)


BOTH = pytest.mark.parametrize("path", ["/decorated/", "/decorated-async/", "/decorated-below/"])


@pytest.mark.django_db(transaction=True)
@BOTH
def test_it_waits_and_answers_with_what_became_of_it(recovering: Callable[..., Any], path: str) -> None:
    views.FAILURES.append(ConnectionError("gone"))
    with recovering(SUCCEEDED) as recoverer:
        response = send(path)
    told = response.json()
    assert (response.status_code, told["recovery"]) == (503, SUCCEEDED)
    (asked,) = recoverer.asked
    assert (asked["trigger"], asked["waits"]) == ("decorator", True)
    assert asked["error_id"] == told["error"]["error_id"].replace("-", "")


@pytest.mark.django_db(transaction=True)
def test_the_answer_says_so_where_nothing_was_done(recovering: Callable[..., Any]) -> None:
    views.FAILURES.append(DatabaseError("gone"))
    with recovering(FAILED):
        told = send("/decorated/").json()
    assert told["recovery"] == FAILED | {"message": "Nothing was done."}


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_client")
def test_without_an_answer_in_time_it_is_queued_and_the_next_caller_does_not_wait(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 50
    views.FAILURES += [DatabaseError("gone"), DatabaseError("gone")]
    assert send("/decorated/").json()["recovery"]["success"] is None
    settings.ERROR_RECOVERY_TIMEOUT = 60_000
    assert places.resting
    told = send("/decorated/").json()["recovery"]
    assert (told["attempted"], told["success"]) == (True, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
def test_a_third_caller_goes_on_at_once(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 60_000
    views.FAILURES.append(DatabaseError("gone"))
    with places.one() as first, places.one() as second:
        assert first
        assert second
        assert send("/decorated/").json()["recovery"]["success"] is None


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/decorated/", "/decorated-async/"])
def test_what_is_safe_is_tried_again(method: str, path: str) -> None:
    views.FAILURES += [ConnectionError("gone"), ConnectionError("gone")]
    response = send(path, method)
    assert response.status_code == 200
    assert views.calls == [method] * 3


@pytest.mark.usefixtures("eager")
def test_the_log_says_that_the_retry_helped() -> None:
    views.FAILURES += [ConnectionError("gone")]
    assert send("/decorated/", "GET").status_code == 200
    row = ErrorLog.objects.get()
    assert row.context["recovery_attempted"] is row.context["recovery_success"] is True
    assert (row.context["recovery_strategy"], row.handled) == ("retry", True)


@pytest.mark.usefixtures("eager")
def test_there_are_three_retries_at_most_and_one_error() -> None:
    views.FAILURES += [ConnectionError("gone") for _ in range(9)]
    response = send("/decorated/", "GET")
    assert (response.status_code, len(views.calls)) == (503, 4)
    assert str(ErrorLog.objects.get().error_id) == response.json()["error"]["error_id"]


@pytest.mark.usefixtures("eager")
def test_no_retry_begins_that_the_time_is_too_short_for(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = QUICK
    views.FAILURES += [ConnectionError("gone") for _ in range(9)]
    send("/decorated/", "GET")
    assert len(views.calls) == 1


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("method", "failure"),
    [
        ("POST", ConnectionError("gone")),
        ("DELETE", ConnectionError("gone")),
        ("GET", DatabaseError("gone")),
        ("GET", ValueError("no")),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else one,
)
def test_what_may_have_changed_something_or_will_fail_again_is_not_tried_again(method: str, failure: Any) -> None:
    views.FAILURES.append(failure)
    assert send("/decorated/", method).status_code >= 400
    assert len(views.calls) == 1


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "setting",
    [
        {"RECOVERY": "off"},
        {"RECOVERY": "suggest"},
        {"RECOVERY_STRATEGIES": ["cache_clear"]},
        {"RECOVERY_STRATEGIES": {"staging": ["harmless"]}},
    ],
    ids=str,
)
def test_nothing_is_tried_again_that_the_settings_do_not_let_act(settings: Any, setting: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, **setting}
    views.FAILURES.append(ConnectionError("gone"))
    assert send("/decorated/", "GET").status_code == 503
    assert len(views.calls) == 1


@pytest.mark.usefixtures("eager")
def test_nothing_is_tried_again_while_recovery_is_switched_off() -> None:
    switch.turn(False, "ada")
    decisions.project(get_config())
    views.FAILURES.append(ConnectionError("gone"))
    assert send("/decorated/", "GET").status_code == 503
    assert len(views.calls) == 1


@pytest.mark.usefixtures("eager")
def test_what_a_retry_answers_with_a_status_below_500_is_the_answer() -> None:
    views.FAILURES += [views.NONE_OF_OURS[0][0], ConnectionError("gone")]
    assert send("/decorated/", "GET").status_code == 404


@pytest.mark.usefixtures("eager")
def test_a_stream_that_has_begun_is_not_begun_again() -> None:
    views.FAILURES.append(ConnectionError("gone"))
    response = Client().get("/streams/")
    with pytest.raises(ConnectionError):
        list(response.streaming_content)  # type: ignore[attr-defined]
    assert len(views.calls) == 1


@pytest.mark.usefixtures("eager")
def test_what_is_no_view_raises_its_exception_on() -> None:
    @ai_error_handler
    def work(number: int) -> None:
        raise ConnectionError(str(number))

    with pytest.raises(ConnectionError, match="7"):
        work(7)
    assert ErrorLog.objects.count() == 1


def test_a_view_keeps_its_name_and_what_it_is() -> None:
    assert views.decorated.__name__ == "decorated"
    assert views.decorated.__doc__ == "A view."
    assert asyncio.iscoroutinefunction(views.decorated_async)


@pytest.mark.django_db(transaction=True)
def test_it_handles_methods_of_views(recovering: Callable[..., Any]) -> None:
    class Page:
        @ai_error_handler
        def get(self, request: Any) -> Any:
            raise TimeoutError("slow")

    with recovering(SUCCEEDED):
        response = Page().get(RequestFactory().post("/page/"))
    assert (response.status_code, json.loads(response.content)["error"]["type"]) == (503, "TimeoutError")


def test_callers_that_are_cancelled_leave_their_place() -> None:
    entered = threading.Event()

    async def main() -> None:
        async def call() -> Any:
            entered.set()
            raise ConnectionError("gone")

        class Slow:
            left = 1e9

        task = asyncio.create_task(retries.again_async(Slow(), call))  # type: ignore[arg-type]
        while not entered.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    with places.one() as first, places.one() as second:
        assert first
        assert second
