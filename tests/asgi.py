"""One request to an ASGI application, as a server sends it, in this thread and without a socket."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple


class Answered(NamedTuple):
    """What an application answered."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(app: Any, path: str, method: str = "GET", accept: str = "application/json") -> Answered:
    """Send a request. What the application raises once it has answered is the server's to log."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path.partition("?")[0], "raw_path": path.encode(), "query_string": path.partition("?")[2].encode(),
        "root_path": "", "server": ("shop.example", 80), "headers": [(b"accept", accept.encode())],
        "client": ("192.0.2.1", 1234),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with suppress(Exception):
        await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answered(sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:]))
