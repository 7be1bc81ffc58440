"""The health route of a service: whether what it depends on answers, asked side by side, and seldom."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from monitoring.recording import visits
from monitoring.recording.context import current

Service = str | Callable[[], Any]
"""A URL that must answer below 400, or a function, async or not, that raises or returns False where all is not well."""
HEALTHY, UNHEALTHY = "healthy", "unhealthy"
OPEN: set[str] = set()
"""Paths of health routes, which are never refused."""
_OK, _UNAVAILABLE, _METHOD_NOT_ALLOWED = 200, 503, 405


class HealthApp:
    """An ASGI application that answers whether a service is well: 200 or 503.

    Args:
        services: What to ask, by the names that are shown.
        timeout: Seconds after which one that has not answered is unhealthy.
        kept: Seconds for which an answer is given again, so that visitors do not become load.
    """

    def __init__(self, services: Mapping[str, Service], timeout: float, kept: float) -> None:
        self._services = dict(services)
        self._timeout, self._kept = timeout, kept
        self._asking: asyncio.Task[dict[str, Any]] | None = None
        self._found: dict[str, Any] = {}
        self._until = 0.0
        self._running: dict[str, Future[Any]] = {}

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Answer a request."""
        context = current.get()
        if context is not None:
            context.blameless = True  # a service that is unwell is no error of who says so
        if scope.get("method") not in ("GET", "HEAD"):
            await _answer(send, _METHOD_NOT_ALLOWED, b"", [(b"allow", b"GET, HEAD")])
            return
        found = await self._ask()
        body = json.dumps(found).encode()
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        status = _OK if found["status"] == HEALTHY else _UNAVAILABLE
        await _answer(send, status, body, headers, silent=scope["method"] == "HEAD")

    async def _ask(self) -> dict[str, Any]:
        """Return what was found lately, or ask; those who come meanwhile wait for the same answer."""
        if time.monotonic() < self._until:
            return self._found
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._find())
        return await asyncio.shield(self._asking)

    async def _find(self) -> dict[str, Any]:
        states = await asyncio.gather(*(self._state(*named) for named in self._services.items()))
        well = all(state == HEALTHY for state in states)
        self._found = {
            "status": HEALTHY if well else UNHEALTHY,
            "timestamp": datetime.now(UTC).isoformat(),
            "services": dict(zip(self._services, states, strict=True)),
        }
        self._until = time.monotonic() + self._kept
        return self._found

    async def _state(self, name: str, service: Service) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._called(name, service)
        except Exception:  # whatever it was, this service is not well
            return UNHEALTHY
        return UNHEALTHY if answer is False else HEALTHY

    async def _called(self, name: str, service: Service) -> Any:
        if isinstance(service, str):
            return await self._on_thread(name, lambda: _ping(service, self._timeout))
        if inspect.iscoroutinefunction(service):
            return await service()
        answer = await self._on_thread(name, service)
        return await answer if inspect.isawaitable(answer) else answer

    def _on_thread(self, name: str, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """Call on a thread of the service's own; while that hangs there is no second one.

        The event loop's executor has few threads, which the application and every look-up of a name need.
        """
        running = self._running.get(name)
        if running is None or running.done():
            running = Future()
            running.set_running_or_notify_cancel()  # whoever stops waiting does not end it
            threading.Thread(target=_work, args=(running, call), name="enginel-health", daemon=True).start()
            self._running[name] = running
        return asyncio.wrap_future(running)


def health_app(services: Mapping[str, Service], *, timeout: float = 2.0, kept: float = 5.0) -> HealthApp:
    """Return an ASGI application that answers whether a service is well, to be put wherever there is room for one.

    Args:
        services: What to ask, by the names that are shown: URLs, or functions, async or not.
        timeout: Seconds after which one that has not answered is unhealthy.
        kept: Seconds for which an answer is given again.
    """
    return HealthApp(services, timeout, kept)


def health_route(
    services: Mapping[str, Service], path: str = "/health", *, timeout: float = 2.0, kept: float = 5.0
) -> Any:
    """Return a route for `app.routes` of Starlette or FastAPI; clients that are blocked or throttled may ask it, too.

    Args:
        services: What to ask, by the names that are shown: URLs, or functions, async or not.
        path: Of the route.
        timeout: Seconds after which one that has not answered is unhealthy.
        kept: Seconds for which an answer is given again.
    """
    from starlette.routing import Route

    OPEN.add(path)
    visits.disregard(_open)
    return Route(path, health_app(services, timeout=timeout, kept=kept), name="health", include_in_schema=False)


def _work(running: Future[Any], call: Callable[[], Any]) -> None:
    try:
        answer = call()
    except BaseException as error:  # whoever waits is told
        running.set_exception(error)
    else:
        running.set_result(answer)


def _ping(url: str, timeout: float) -> bool:
    """Ask a URL that the service's owner has given; raises where it does not answer, or with an error."""
    request = urllib.request.Request(url, headers={"User-Agent": "enginel-health"})  # noqa: S310  # the owner's own
    with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
        return True


async def _answer(
    send: Callable[[Any], Awaitable[None]],
    status: int,
    body: bytes,
    headers: list[tuple[bytes, bytes]],
    *,
    silent: bool = False,
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if silent else body})


def _open() -> frozenset[str]:
    return frozenset(OPEN)
