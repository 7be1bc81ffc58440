"""What an ASGI application of a test records, kept instead of sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from monitoring.recording.recorder import recorder
from tests.recording.recorded import Recorded


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    kept = Recorded()
    monkeypatch.setattr(recorder, "record", kept.append)
    monkeypatch.setattr(recorder, "record_fact", kept.append)
    return kept


def ask(app: Any, method: str, path: str, root_path: str = "", **more: Any) -> httpx.Response:
    """Ask an application in an event loop of its own; what it raises, servers would log."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.request(method, path, **more)

    return asyncio.run(asked())


class Server:
    """Speaks ASGI to an application, message by message."""

    def __init__(self, app: Any, path: str = "/", **scope: Any) -> None:
        self._app = app
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": [],
            "query_string": b"",
            "client": ("203.0.113.5", 1234),
            "server": ("shop", 80),
            "scheme": "http",
            **scope,
        }
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[Any] = []
        self.on_send: Callable[[Any], None] = lambda _message: None

    async def run(self) -> None:
        await self._app(self.scope, self.incoming.get, self._send)

    async def _send(self, message: Any) -> None:
        self.on_send(message)
        self.sent.append(message)
