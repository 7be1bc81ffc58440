"""Who is blocked or throttled is refused before the application sees anything; who asks how it is never is."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette

from monitoring.recording.asgi import EnginelMiddleware, ErrorHandlingMiddleware, health_route
from monitoring.recording.events import Error, Request
from tests.recording.asgi.conftest import ask
from tests.recording.enforcement.conftest import Decide, decide, throttle  # noqa: F401  # a fixture
from tests.recording.recorded import Recorded

LOOPBACK = "4:32:7f000001"


@pytest.fixture
def app() -> FastAPI:
    made, router = FastAPI(), APIRouter(prefix="/videos")

    @router.get("/{video_id}")
    def video(video_id: int) -> int:
        return video_id

    @made.get("/plain")
    def plain() -> None: ...

    made.include_router(router)
    made.routes.append(health_route({"self": lambda: True}))
    made.add_middleware(EnginelMiddleware)
    return made


def test_a_blocked_client_gets_429_and_the_application_nothing(
    recorded: Recorded,
    decide: Decide,  # noqa: F811
    app: FastAPI,
) -> None:
    decide(blocks={LOOPBACK: 60})
    answer = ask(app, "GET", "/plain")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"]["type"] == "429"
    assert [(event.route, event.status) for event in recorded.of(Request)] == [("<refused>", 429)]
    assert recorded.of(Error) == []
    head = ask(app, "HEAD", "/plain")
    assert (head.status_code, head.content) == (429, b"")
    assert "<h1>" in ask(app, "GET", "/plain", headers={"accept": "text/html"}).text
    assert ask(app, "GET", "/health").status_code == 200


def test_a_throttle_of_a_route_is_about_its_pattern(
    recorded: Recorded,
    decide: Decide,  # noqa: F811
    app: FastAPI,
) -> None:
    decide(throttles={"1": throttle("route", "GET /videos/{video_id}", rate=0.001)})
    assert [ask(app, "GET", f"/videos/{n}").status_code for n in (1, 2)] == [200, 429]
    assert [ask(app, "GET", "/plain").status_code for _ in (1, 2)] == [200, 200]


def test_of_two_middlewares_one_takes_the_tokens(recorded: Recorded, decide: Decide, app: FastAPI) -> None:  # noqa: F811
    app.add_middleware(ErrorHandlingMiddleware)
    decide(throttles={"1": throttle(rate=0.001, burst=2)})
    assert [ask(app, "GET", "/plain").status_code for _ in range(3)] == [200, 200, 429]


def test_protection_can_be_left_to_another(recorded: Recorded, decide: Decide) -> None:  # noqa: F811
    app = FastAPI()
    app.add_middleware(EnginelMiddleware, protection=False)
    decide(blocks={LOOPBACK: 60})
    assert ask(app, "GET", "/docs").status_code == 200


def test_the_health_route_says_what_is_unwell_and_that_is_no_error(recorded: Recorded, httpserver: Any) -> None:
    async def broken() -> None:
        raise OSError

    httpserver.expect_request("/ping").respond_with_data("pong")
    services = {
        "database": lambda: None,
        "cache": broken,
        "queue": lambda: False,
        "heygen_api": httpserver.url_for("/ping"),
        "billing": httpserver.url_for("/nowhere"),
    }
    app = FastAPI()
    app.routes.append(health_route(services, timeout=30.0, kept=60.0))
    app.add_middleware(EnginelMiddleware)
    answer: httpx.Response = ask(app, "GET", "/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["services"] == {
        "database": "healthy",
        "cache": "unhealthy",
        "queue": "unhealthy",
        "heygen_api": "healthy",
        "billing": "unhealthy",
    }
    assert ask(app, "GET", "/health").json() == answer.json()
    assert ask(app, "HEAD", "/health").content == b""
    assert ask(app, "POST", "/health").status_code == 405
    assert recorded.of(Error) == []


def test_a_check_that_hangs_takes_one_thread_however_often_it_is_asked_for() -> None:
    free, begun = threading.Event(), []

    def hang() -> None:
        begun.append(threading.current_thread())
        free.wait(30)

    app = Starlette(routes=[health_route({"db": hang}, timeout=0.01, kept=0.0)])
    try:
        assert [ask(app, "GET", "/health").status_code for _ in range(3)] == [503, 503, 503]
        assert len(begun) == 1
    finally:
        free.set()
    begun[0].join(30)
    app.routes[0].app._timeout = 30.0  # type: ignore[attr-defined]
    assert ask(app, "GET", "/health").status_code == 200
