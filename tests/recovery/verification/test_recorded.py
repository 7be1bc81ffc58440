"""Signals of requests that were really made, recorded and taken in."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from monitoring.errors.log.models import ErrorLog
from monitoring.recovery.strategies.base import Case
from monitoring.recovery.verification import CLEARED, PERSISTED, UNKNOWN, Signal, Watched, signal_of, watch

pytestmark = [pytest.mark.usefixtures("eager"), pytest.mark.urls(__name__)]
_raised: list[type[Exception]] = []


def pay(_request: Any) -> HttpResponse:
    for kind in _raised:
        raise kind("refused by the bank")
    return HttpResponse("paid")


urlpatterns = [path("pay/", pay)]


@pytest.fixture(autouse=True)
def _fine_again() -> Any:
    yield
    _raised.clear()


def ask(count: int, *raising: type[Exception]) -> None:
    """Ask so many times for a payment; it raises that, or nothing."""
    _raised[:] = raising
    client = Client(raise_request_exception=False)
    for _ in range(count):
        assert client.get("/pay/").status_code == (500 if raising else 200)


def taken() -> Signal:
    """Take the signal of the first error there is."""
    error = ErrorLog.objects.order_by("created")[0]
    return signal_of(
        Case(
            recovery_id=uuid.uuid4(), error_id=error.error_id, group_id=error.group_id, service=error.service,
            environment=error.environment, error_type=error.error_type, exception_type=error.exception_type, kind="",
            severity="high", message="", fingerprint=error.fingerprint, name=error.name, occurred=error.created,
        ),
        datetime.now(UTC),
    )  # fmt: skip


def judged(signal: Signal) -> Watched:
    """Judge it by what came since, as if the soak ended now; its settling began a moment before it."""
    begin = datetime.fromtimestamp(signal.taken, UTC)
    now = datetime.now(UTC)
    return watch(signal, begin - (now - begin) / 3, now, now)


def test_a_route_that_works_again_has_cleared() -> None:
    ask(2)
    ask(3, ConnectionError)
    signal = taken()
    assert (signal.own, signal.errors, signal.counted, signal.failed) == (True, 3, 5, 3)
    ask(8)
    assert judged(signal).outcome == CLEARED


def test_one_stray_failure_among_many_requests_is_no_trouble_that_could_clear() -> None:
    ask(40)
    ask(1, ConnectionError)
    signal = taken()
    assert (signal.errors, signal.share) == (1, pytest.approx(1 / 41))
    ask(30)
    assert judged(signal).outcome == UNKNOWN


def test_a_route_that_fails_on_has_persisted() -> None:
    ask(3, ConnectionError)
    signal = taken()
    ask(6, ConnectionError)
    assert judged(signal).outcome == PERSISTED


def test_a_route_that_fails_otherwise_now_has_persisted() -> None:
    ask(3, ConnectionError)
    signal = taken()
    ask(6, RuntimeError)
    found = judged(signal)
    assert (found.outcome, found.facts["errors"], found.facts["failed"]) == (PERSISTED, 0, 6)


def test_a_route_that_nobody_asks_for_any_more_is_unknown() -> None:
    ask(3, ConnectionError)
    assert judged(taken()).outcome == UNKNOWN
