"""A request is named by its pattern, whatever put the application together."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router

from monitoring.recording.asgi import EnginelMiddleware, routes
from monitoring.recording.events import Request
from tests.recording.asgi.conftest import ask
from tests.recording.recorded import Recorded


def answer(request: StarletteRequest) -> PlainTextResponse:
    return PlainTextResponse("fine")


def shop() -> FastAPI:
    app, router, inner, sub = FastAPI(), APIRouter(prefix="/videos"), APIRouter(), FastAPI()

    @router.get("/{video_id}")
    def video(video_id: int) -> int:
        return video_id

    @inner.post("/{part}")
    def part(video_id: int, part: str) -> str:
        return part

    @app.get("/plain")
    def plain() -> None: ...

    @sub.get("/items/{item}")
    def item(item: str) -> str:
        return item

    router.include_router(inner, prefix="/{video_id}/parts")
    app.include_router(router, prefix="/api")
    app.mount("/sub", sub)
    app.mount("/tenants/{tenant}", sub)
    return app


FASTAPI = [
    ("GET", "/plain", "/plain"),
    ("GET", "/api/videos/3", "/api/videos/{video_id}"),
    ("POST", "/api/videos/3/parts/x", "/api/videos/{video_id}/parts/{part}"),
    ("GET", "/sub/items/5", "/sub/items/{item}"),
    ("GET", "/sub/items/sub", "/sub/items/{item}"),
    ("GET", "/tenants/acme/items/5", "/tenants/{tenant}/items/{item}"),
    ("DELETE", "/plain", "/plain"),
    ("GET", "/sub/nothing", "<unmatched>"),
    ("GET", "/nothing/at/all", "<unmatched>"),
]


@pytest.mark.parametrize(("method", "path", "route"), FASTAPI)
def test_under_fastapi(recorded: Recorded, method: str, path: str, route: str) -> None:
    app = shop()
    app.add_middleware(EnginelMiddleware)
    ask(app, method, path)
    assert [event.route for event in recorded.of(Request)] == [route]


def site() -> Starlette:
    people = Router([Route("/", answer), Route("/{name}", answer, methods=["GET", "POST"])])
    return Starlette(
        routes=[
            Route("/", answer),
            Mount("/people", people),
            Mount("/years/{year:int}", routes=[Mount("/months", routes=[Route("/{month}", answer)])]),
            Mount("/raw", app=_raw),
            Host("admin.shop", Router([Route("/users/{user}", answer)])),
        ]
    )


async def _raw(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("raw")(scope, receive, send)


STARLETTE = [
    ("GET", "/", "/"),
    ("GET", "/people/", "/people/"),
    ("POST", "/people/ann", "/people/{name}"),
    ("GET", "/years/2026/months/May", "/years/{year}/months/{month}"),
    ("GET", "/raw/some/where", "/raw/{path}"),
    ("GET", "/people/ann/cat", "<unmatched>"),
    ("GET", "http://admin.shop/users/7", "/users/{user}"),
]


@pytest.mark.parametrize(("method", "path", "route"), STARLETTE)
def test_under_starlette(recorded: Recorded, method: str, path: str, route: str) -> None:
    ask(EnginelMiddleware(site()), method, path)
    assert [event.route for event in recorded.of(Request)] == [route]


@pytest.mark.parametrize(("method", "path", "route"), FASTAPI + STARLETTE)
def test_what_is_going_to_answer_is_known_before(method: str, path: str, route: str) -> None:
    app: Any = shop() if (method, path, route) in FASTAPI else site()
    host, _, rest = path.removeprefix("http://").partition("/") if path.startswith("http") else ("shop", "", path[1:])
    scope = {"type": "http", "method": method, "path": f"/{rest}", "headers": [(b"host", host.encode())]}
    assert (routes.ahead(scope, app.routes) or "<unmatched>") == route


def test_where_the_scope_names_no_route_the_routes_are_asked() -> None:
    app = site()
    scope = {"type": "http", "method": "GET", "path": "/years/2026/months/May", "headers": [], "router": app.router}
    scope |= {"endpoint": answer, "root_path": "/years/2026/months", "app_root_path": ""}
    assert routes.matched(scope) == "/years/{year}/months/{month}"


def test_the_root_that_a_server_names_is_no_part_of_the_pattern(recorded: Recorded) -> None:
    app = FastAPI()
    app.mount("/sub", shop())
    app.add_middleware(EnginelMiddleware)
    ask(app, "GET", "/behind/sub/api/videos/3", root_path="/behind")
    assert [event.route for event in recorded.of(Request)] == ["/sub/api/videos/{video_id}"]


def test_a_bare_application_can_say_which_of_its_patterns_answers(recorded: Recorded) -> None:
    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/":
            scope[routes.PATTERN] = "/things/<id>"
        await PlainTextResponse("fine")(scope, receive, send)

    app = EnginelMiddleware(bare)
    ask(app, "GET", "/things/3")
    ask(app, "GET", "/")
    assert [event.route for event in recorded.of(Request)] == ["/things/<id>", "<unmatched>"]


def test_a_method_that_nobody_knows_is_one_of_many(recorded: Recorded) -> None:
    ask(EnginelMiddleware(site()), "BREW", "/")
    assert [event.method for event in recorded.of(Request)] == ["_OTHER"]
