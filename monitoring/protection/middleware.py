"""Refuses the requests of clients that are blocked, and those that come faster than a throttle allows.

Nothing is decided here, and nobody is asked: see `recording.enforcement`. What is refused is recorded as the request
`<refused>`, and is no error of anybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from monitoring.access import probes
from monitoring.recording import presence
from monitoring.recording.client import client_address
from monitoring.recording.context import GUARDED, current
from monitoring.recording.enforcement import answer, counting
from monitoring.recording.enforcement.verdict import Verdict, verdict
from monitoring.recording.recorder import recorder

from .routes import name_of

_NOTHING: dict[str, Any] = {}


class ProtectionMiddleware:
    """Answers 429 to those who are blocked or come too often.

    Put it right after `MonitoringMiddleware` and `ProbeMiddleware`, so that a refused request costs next to nothing.
    Health probes and `/metrics` are never refused. It raises nothing: whatever goes wrong, the request is answered.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        if not recorder.enabled:
            raise MiddlewareNotUsed("MONITORING['ENABLED'] is off")
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)
        presence.serve()

    def __call__(self, request: HttpRequest) -> Any:
        """Refuse the request, or pass it on."""
        refusal = self._refusal(request)
        if refusal is None:
            return self.get_response(request)
        return _later(refusal) if self._async else refusal

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        try:
            if not presence.Server.kind:
                presence.Server.kind = "asgi" if hasattr(request, "scope") else "wsgi"
            if request.path in self._open or getattr(request, "scope", _NOTHING).get(GUARDED):
                return None
            found = verdict(client_address(request.META), request, name_of, _authorization)
            return None if found is None else _refuse(request, found)
        except Exception:  # who is answered by mistake does less harm than who is not
            counting.count(counting.FAILED)
            return None

    @cached_property
    def _open(self) -> frozenset[str]:
        """Where the project has put what is never refused; asked for at the first request, when the URLs are loaded."""
        return probes.paths(*probes.PROBES, probes.SCRAPED)


def _authorization(request: HttpRequest) -> str:
    return str(request.META.get("HTTP_AUTHORIZATION", ""))


def _refuse(request: HttpRequest, found: Verdict) -> HttpResponse:
    told = answer.answer(found, str(request.META.get("HTTP_ACCEPT", "")))
    body = b"" if request.method == "HEAD" else told.body
    response = HttpResponse(body, status=answer.STATUS, headers={**told.headers, "Content-Length": str(len(body))})
    # Django would write a line for each: those who are refused must not fill the log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    context = current.get()
    if context is not None and context.request is request:
        context.refused = True
    return response


async def _later(response: HttpResponse) -> HttpResponse:
    return response
