"""Lets probes and scrapers in: they call a pod by its address, which is in nobody's `ALLOWED_HOSTS`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse

PROBES = ("monitoring:health", "monitoring:health-ready", "monitoring:health-detailed")
SCRAPED = "monitoring:metrics"
LIMIT_SECONDS = 0.9
"""A probe that cannot be answered at once is answered after this time at the latest."""
_LOOK_AGAIN_SECONDS = 0.01

Pending = Callable[[], threading.Event | None]
"""Returns what is set once there is an answer; None when there is one already."""


def wait(request: Any, pending: Pending) -> None:
    """Wait until there is an answer, within the limit, unless the middleware has done so for an event loop."""
    if getattr(request, "probe_awaited", False):
        return
    known = pending()
    if known is not None:
        known.wait(LIMIT_SECONDS)


class ProbeMiddleware:
    """Answers probes and scrapers before any other middleware looks at the request.

    The host name is not checked, no session is opened, and middleware that needs a database cannot make a healthy
    process look dead. Put it right after `MonitoringMiddleware`, which still records the request under its route.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a probe or a scraper; pass everything else on."""
        if request.path in self._probes:
            return _answer_later(request) if self._async else _answer(request)
        if request.path in self._scraped:  # reads the database, which an event loop must not wait for
            return sync_to_async(_answer)(request) if self._async else _answer(request)
        return self.get_response(request)

    @cached_property
    def _probes(self) -> frozenset[str]:
        """Where the project has put the probes; asked for at the first request, when the URLs are loaded."""
        return paths(*PROBES)

    @cached_property
    def _scraped(self) -> frozenset[str]:
        """Where the project has put the metrics."""
        return paths(SCRAPED)


def paths(*names: str) -> frozenset[str]:
    """Return where these are; some may be nowhere."""
    found = set()
    for name in names:
        try:
            found.add(reverse(name))
        except NoReverseMatch:
            continue
    return frozenset(found)


def _answer(request: HttpRequest) -> Any:
    request.resolver_match = match = resolve(request.path_info)
    response = match.func(request, *match.args, **match.kwargs)
    return response.render() if hasattr(response, "render") else response


async def _answer_later(request: HttpRequest) -> Any:
    """Answer without a thread: no probe does I/O itself, and who waits lets the event loop go on."""
    view = getattr(resolve(request.path_info).func, "cls", None)
    pending: Pending | None = getattr(view, "pending", None)
    known = pending() if pending else None
    deadline = time.monotonic() + LIMIT_SECONDS
    while known is not None and not known.is_set() and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    request.probe_awaited = True  # type: ignore[attr-defined]
    return _answer(request)
