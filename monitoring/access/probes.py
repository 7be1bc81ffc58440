"""Lets probes in: orchestrators call a pod by its address, which is in nobody's `ALLOWED_HOSTS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse

PROBE = "monitoring:health"
_Answer = TypeVar("_Answer")


class ProbeMiddleware:
    """Answers the liveness probe before any other middleware looks at the request.

    The host name is not checked, no session is opened, and middleware that needs a database cannot make a healthy
    process look dead. Put it right after `MonitoringMiddleware`, which still records the probe under its route.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a probe; pass everything else on."""
        if request.path != self._path:
            return self.get_response(request)
        request.resolver_match = match = resolve(request.path_info)
        response = match.func(request, *match.args, **match.kwargs).render()
        return _ready(response) if self._async else response

    @cached_property
    def _path(self) -> str | None:
        """Where the project has put the probe; asked for at the first request, when the URLs are loaded."""
        try:
            return reverse(PROBE)
        except NoReverseMatch:
            return None


def _ready(answer: _Answer) -> Awaitable[_Answer]:
    """Wrap an answer for an async caller. Nothing waits: the probe does no I/O, so it needs no thread of its own."""

    async def wrapped() -> _Answer:
        return answer

    return wrapped()
