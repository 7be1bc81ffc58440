"""Django's handlers called directly, as a server would call them, without a socket in between."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from . import service

Runner = Callable[[int], None]
"""Answers a number of requests."""


def wsgi(handler: WSGIHandler, path: str) -> Runner:
    """Return a runner of requests through a WSGI handler."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "testserver",
        "HTTP_USER_AGENT": "benchmark",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }

    def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        return None

    def run(count: int) -> None:
        for _ in range(count):
            response = handler(environ.copy(), start)
            for _part in response:
                pass
            response.close()

    return run


def asgi(handler: ASGIHandler, path: str, loop: asyncio.AbstractEventLoop) -> Runner:
    """Return a runner of requests through an ASGI handler, one after the other in one event loop."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver"), (b"user-agent", b"benchmark"), (b"accept", b"*/*")],
        "client": ("127.0.0.1", 40_000),
        "server": ("testserver", 80),
    }
    body = {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        return None

    async def request() -> None:
        unread = [body]

        async def receive() -> dict[str, Any]:
            if unread:
                return unread.pop()
            return await asyncio.Event().wait()  # type: ignore[return-value]  # the client stays connected

        await handler(scope.copy(), receive, send)

    async def requests(count: int) -> None:
        for _ in range(count):
            await request()

    def run(count: int) -> None:
        coroutine: Coroutine[Any, Any, None] = requests(count)
        loop.run_until_complete(coroutine)

    return run


def runners() -> dict[str, Runner]:
    """Return what can be measured in a process whose Django is set up, by name."""
    sync, loop = WSGIHandler(), asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    found = {
        "wsgi success": wsgi(sync, service.route(service.answer)),
        "wsgi exception": wsgi(sync, service.route(service.fail)),
    }
    concurrent = ASGIHandler()
    found["asgi success"] = asgi(concurrent, service.route(service.answer_async), loop)
    found["asgi exception"] = asgi(concurrent, service.route(service.fail_async), loop)
    return found
