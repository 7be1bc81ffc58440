"""The one middleware a project installs: times every request to its last byte and records it.

Beside it the documented four, each of which records its own facet alone. Of several that a request passes through the
outermost one records what all of them are for, once.

It reads neither `request.user` (which would make the response vary by cookie) nor the body (which would break views
that stream it), and keeps no state on itself: instances are shared by concurrent requests.
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix

from . import answered, errors, facets, presence
from .answered import REFUSED
from .context import CONTEXT, Context, current
from .methods import METHODS, OTHER_METHOD
from .recorder import recorder
from .streaming import watch

STATIC = "<static>"
_BROKEN = 500
_CLIENT_GONE = 499

__all__ = [
    "METHODS",
    "OTHER_METHOD",
    "REFUSED",
    "STATIC",
    "ErrorTrackingMiddleware",
    "MetricsMiddleware",
    "MonitoringMiddleware",
    "PerformanceMonitoringMiddleware",
    "RequestLoggingMiddleware",
]


class MonitoringMiddleware:
    """Records duration, route, method and status of each request, and the exception that ended it.

    Put it first in `MIDDLEWARE`, so that it sees what all the others do.

    Attributes:
        facets: What it records, as in `facets`.
    """

    facets = facets.USUAL
    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        if not recorder.enabled:
            raise MiddlewareNotUsed("MONITORING['ENABLED'] is off")
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)
        self._static = _static_prefixes()
        presence.serve()

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request and record it."""
        outer = current.get()
        if outer is not None and outer.facets and (outer.request is request or _is_beneath(outer, request)):
            outer.request = request  # it knows its route and user
            outer.facets |= self.facets
            return self.get_response(request)
        if self._async:
            return self._answer(request)
        context = Context("", request, facets=self.facets)
        context.adopt()
        token = current.set(context)
        start = perf_counter_ns()
        try:
            response = self.get_response(request)
        except BaseException as error:
            context.error = error
            self._record(context, start, _BROKEN)
            raise
        finally:
            current.reset(token)
        if response.streaming:
            self._record_when_ended(context, start, response)
        else:
            self._record(context, start, response.status_code)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        context = Context("", request, facets=self.facets)
        context.adopt()
        token = current.set(context)
        start = perf_counter_ns()
        try:
            response: HttpResponseBase = await self.get_response(request)
        except asyncio.CancelledError:
            self._record(context, start, _CLIENT_GONE)
            raise
        except BaseException as error:
            context.error = error
            self._record(context, start, _BROKEN)
            raise
        finally:
            current.reset(token)
        if response.streaming:
            self._record_when_ended(context, start, response)
        else:
            self._record(context, start, response.status_code)
        return response

    def process_exception(self, _request: HttpRequest, exception: Exception) -> None:
        """Take note of what a view raised; Django makes a response of it, maybe one of 4xx."""
        errors.note(exception)

    def _record_when_ended(self, context: Context, start: int, response: HttpResponseBase) -> None:
        """Record a stream when it is over; one whose source raised is a server error, whatever was sent first."""

        def ended(error: BaseException | None) -> None:
            if context.ended:
                return
            context.ended = True
            if error is not None:
                context.error = error
            self._record(context, start, response.status_code if error is None else _BROKEN)

        try:
            watch(response, ended)
        except Exception:  # the response is more important than its record
            recorder.failed()

    def _record(self, context: Context, start: int, status: int) -> None:
        try:
            duration = perf_counter_ns() - start
            request: Any = context.request
            match = request.resolver_match
            route = match.route if match is not None else self._unmatched(context, request.path_info)
            answered.record(context, duration, request.method, route, status)
        except Exception:  # the response is more important than its record
            recorder.failed()

    def _unmatched(self, context: Context, path: str) -> str:
        """Name what no route answered: a middleware's static files are not to hide who tries doors."""
        if context.refused:
            return REFUSED
        return STATIC if path.startswith(self._static) else errors.UNMATCHED


class ErrorTrackingMiddleware(MonitoringMiddleware):
    """Records the exceptions and the answers of 4xx and 5xx that requests end with."""

    facets = facets.ERRORS


class RequestLoggingMiddleware(MonitoringMiddleware):
    """Writes a line for each request, to the logger `monitoring.requests`: route, status, duration, and whose it is."""

    facets = facets.LINES


class PerformanceMonitoringMiddleware(MonitoringMiddleware):
    """Records how long requests take, and samples of slow ones."""

    facets = facets.PERFORMANCE


class MetricsMiddleware(MonitoringMiddleware):
    """Counts requests: in all, by status, by endpoint, and in the histogram of their durations."""

    facets = facets.METRICS


def _is_beneath(outer: Context, request: HttpRequest) -> bool:
    """Whether an ASGI middleware of ours, around Django, records the request."""
    scope = getattr(request, "scope", None)
    return scope is not None and scope.get(CONTEXT) is outer


def _static_prefixes() -> tuple[str, ...]:
    """Return what the paths of static files begin with; nothing where they are at the root, or nowhere."""
    path = urlsplit(settings.STATIC_URL or "").path.removeprefix(get_script_prefix()).strip("/")
    return (f"/{path}/",) if path else ()


def _note(**_: Any) -> None:
    """Take note of what Django could not handle, on whatever layer it was raised."""
    exception = sys.exc_info()[1]
    if exception is not None:
        errors.note(exception)


got_request_exception.connect(_note, dispatch_uid="enginel")
