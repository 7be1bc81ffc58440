"""Errors as real drivers raise them, recorded as any error is: their dependency is told by what was recorded."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
import redis
import requests
from django.test import Client
from redis.backoff import NoBackoff
from redis.retry import Retry

from monitoring.analysis.causes import finding
from monitoring.errors import ErrorTracker
from monitoring.errors.log.models import ErrorLog
from monitoring.recording.resilience import circuits


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask_redis() -> None:
    redis.Redis(port=closed_port(), retry=Retry(NoBackoff(), 0)).ping()


def ask_http() -> None:
    requests.get(f"http://127.0.0.1:{closed_port()}/", timeout=5)


def ask_in_a_circuit() -> None:
    with circuits.circuit("payments"):
        ask_http()


def divide() -> None:
    _ = 1 / 0


def fail_twice() -> None:
    try:
        ask_redis()
    except redis.RedisError as error:
        raise ValueError("no price") from error


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("act", "kind", "name"),
    [
        (ask_redis, "dependency", "redis"),
        (ask_http, "dependency", "network"),
        (ask_in_a_circuit, "dependency", "payments"),
        (fail_twice, "dependency", "redis"),
        (divide, "code", "tests.analysis.causes.test_recorded.divide"),
    ],
)
def test_what_failed_first_is_read_from_what_was_recorded(act: Callable[[], None], kind: str, name: str) -> None:
    try:
        act()
    except Exception as error:
        ErrorTracker.log_error(error)

    found = finding.of(ErrorLog.objects.get().error_id)
    assert found is not None
    assert (found.first_failing.kind, found.first_failing.name) == (kind, name)


@pytest.mark.usefixtures("eager")
def test_a_request_is_above_its_error(client: Client, settings: Any) -> None:
    settings.DEBUG = True  # anyone may raise test errors
    client.raise_request_exception = False
    client.post("/api/test-error/", {"error_type": "TimeoutError"}, content_type="application/json")

    found = finding.of(ErrorLog.objects.get().error_id)
    assert found is not None
    request, error, *_ = found.chain
    assert (request.kind, request.name) == ("request", "POST api/test-error/")
    assert (error.kind, error.parent) == ("error", request.id)
    assert found.trace_id
