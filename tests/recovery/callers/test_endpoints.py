"""The decorator around endpoints of FastAPI answers in the documented format, too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from monitoring.recording.asgi import EnginelMiddleware
from monitoring.recovery import ai_error_handler
from monitoring.recovery.callers import retries
from tests.asgi import Answered, ask

from .conftest import FAILED, SUCCEEDED

FAILURES: list[Exception] = []
calls: list[str] = []
app = FastAPI()
app.add_middleware(EnginelMiddleware)


def work() -> dict[str, bool]:
    calls.append("work")
    if FAILURES:
        raise FAILURES.pop()
    return {"done": True}


@app.post("/async/{item}")
@app.get("/async/{item}")
@ai_error_handler
async def async_endpoint(item: int) -> dict[str, bool]:
    return work()


@app.post("/sync/{item}")
@app.get("/sync/{item}")
@ai_error_handler
def sync_endpoint(item: int) -> dict[str, bool]:
    return work()


@ai_error_handler
def helper() -> dict[str, bool]:
    return work()


@app.post("/helped/{item}")
def helped_endpoint(item: int) -> dict[str, bool]:
    return helper()


def send(path: str, method: str = "POST", accept: str = "application/json") -> Answered:
    return asyncio.run(ask(app, path, method, accept))


@pytest.fixture(autouse=True)
def project(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 30_000
    monkeypatch.setattr(retries, "RETRY_DELAY_MS", 5)
    FAILURES.clear()
    calls.clear()


BOTH = pytest.mark.parametrize("path", ["/async/1", "/sync/1"])


@BOTH
def test_it_waits_and_answers_with_what_became_of_it(recovering: Callable[..., Any], path: str) -> None:
    FAILURES.append(ConnectionError("gone"))
    with recovering(SUCCEEDED) as recoverer:
        status, headers, body = send(path)
    told = json.loads(body)
    assert (status, told["recovery"]) == (503, SUCCEEDED)
    assert (headers["content-type"], headers["cache-control"]) == ("application/problem+json", "no-store")
    assert told["error"]["type"] == "ConnectionError"
    assert "gone" not in body.decode()
    (asked,) = recoverer.asked
    assert asked["error_id"] == told["error"]["error_id"].replace("-", "")


@BOTH
def test_a_get_is_tried_again_first(redis_client: Any, path: str) -> None:
    FAILURES.append(ConnectionError("gone"))
    status, _, body = send(path, "GET")
    assert (status, json.loads(body), len(calls)) == (200, {"done": True}, 2)


def test_what_an_endpoint_only_calls_raises_on(recovering: Callable[..., Any]) -> None:
    FAILURES.append(ConnectionError("gone"))
    with recovering(FAILED):
        status, _, body = send("/helped/1")
    assert status == 500
    assert "recovery" not in json.loads(body)


def test_a_browser_is_answered_with_the_page(recovering: Callable[..., Any]) -> None:
    FAILURES.append(ConnectionError("gone"))
    with recovering(FAILED):
        status, headers, body = send("/async/1", accept="text/html")
    assert (status, headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert b"gone" not in body
