"""Websockets and the lifespan pass; what the process begins and ends with is done beside them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.testclient import TestClient

from monitoring.recording import presence
from monitoring.recording.asgi import EnginelMiddleware, wiring
from monitoring.recording.context import current
from monitoring.recording.events import Error, Request
from tests.recording.recorded import Recorded


def test_a_websocket_passes_and_knows_its_ids(recorded: Recorded) -> None:
    app, seen = FastAPI(), []

    @app.websocket("/talk/{room}")
    async def talk(websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        seen.append(current.get())
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    app.add_middleware(EnginelMiddleware)
    with TestClient(app).websocket_connect("/talk/1") as connection:
        connection.send_text("hello")
        assert connection.receive_text() == "hello"
    assert len(seen[0].trace_id) == 32
    assert recorded.of(Request) == recorded.of(Error) == []


def test_a_websocket_that_breaks_is_an_error_of_its_route(recorded: Recorded) -> None:
    app = FastAPI()

    @app.websocket("/talk/{room}")
    async def talk(websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        raise LookupError(room)

    app.add_middleware(EnginelMiddleware)
    with pytest.raises(LookupError), TestClient(app).websocket_connect("/talk/1") as connection:
        connection.receive_text()
    (error,) = recorded.of(Error)
    assert error.name == "WEBSOCKET /talk/{room}"


def test_decisions_are_followed_from_the_start_and_what_is_left_is_sent_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(presence, "begin", lambda: done.append("followed"))
    monkeypatch.setattr(wiring, "close", lambda: done.append("sent"))
    app = FastAPI(lifespan=None)
    app.add_middleware(EnginelMiddleware)
    with TestClient(app):
        done.append("up")
    assert done == ["followed", "up", "sent"]


def test_an_application_that_knows_no_lifespan_says_so_itself() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError(scope["type"])

    async def nothing(*_: Any) -> Any: ...

    with pytest.raises(ValueError, match="lifespan"):
        asyncio.run(EnginelMiddleware(app)({"type": "lifespan"}, nothing, nothing))
