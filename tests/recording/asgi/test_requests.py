"""What a request says of itself: headers, client, user and body, as far as they are there."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.authentication import SimpleUser, UnauthenticatedUser

from monitoring.recording.asgi import AsgiRequest, EnginelMiddleware
from monitoring.recording.context import Context
from monitoring.recording.events import Error
from monitoring.recording.request_data import describe
from tests.recording.asgi.conftest import ask
from tests.recording.recorded import Recorded


def request(**scope: Any) -> AsgiRequest:
    return AsgiRequest({"type": "http", "method": "GET", "path": "/a/b", "headers": [], **scope})


def test_headers_are_found_by_the_names_of_wsgi() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.5"), (b"content-type", b"a/b"), (b"x-forwarded-for", b"198.51.100.7")]
    meta = request(headers=headers, client=("10.0.0.1", 1), query_string=b"q=1", server=("shop", 80)).META
    assert meta.get("HTTP_X_FORWARDED_FOR") == "203.0.113.5, 198.51.100.7"
    assert dict(meta) == {
        "REMOTE_ADDR": "10.0.0.1",
        "QUERY_STRING": "q=1",
        "SERVER_NAME": "shop",
        "SCRIPT_NAME": "",
        "HTTP_X_FORWARDED_FOR": "203.0.113.5, 198.51.100.7",
        "CONTENT_TYPE": "a/b",
    }
    assert "HTTP_TRACEPARENT" not in meta
    assert "HTTP_X_FORWARDED_FOR" in meta
    assert len(meta) == 6
    with pytest.raises(KeyError):
        meta["HTTP_NOTHING"]


def test_a_server_behind_a_unix_socket_knows_no_client() -> None:
    assert Context("", request(client=None)).client == ""


@pytest.mark.parametrize(
    ("user", "key"),
    [
        (None, ""),
        ("user_456", "user_456"),
        (7, "7"),
        (SimpleUser("ann"), "ann"),
        (UnauthenticatedUser(), ""),
        (type("User", (), {"id": 12})(), "12"),
    ],
)
def test_the_user_is_who_the_scope_names(user: Any, key: str) -> None:
    assert Context("", request(user=user)).user_id == key


def test_a_body_is_told_of_as_far_as_the_application_read_it_and_only_when_asked(
    recorded: Recorded, settings: Any
) -> None:
    app = FastAPI()

    @app.post("/")
    async def endpoint(request: Request) -> None:
        await request.body()
        raise LookupError

    app.add_middleware(EnginelMiddleware)
    ask(app, "POST", "/", json={"password": "hunter2", "size": 3})
    settings.MONITORING = {**settings.MONITORING, "RECORD_BODY": True, "RECORD_HEADERS": True}
    ask(app, "POST", "/", json={"password": "hunter2", "size": 3})
    ask(app, "POST", "/", content=b"x" * 100_000)
    first, second, third = (describe(error.request) for error in recorded.of(Error))
    assert "body" not in first
    assert (second["body"]["size"], "hunter2" in str(second)) == (3, False)
    assert second["headers"]["Accept"] == "*/*"
    assert third["body"].startswith("<")
