"""Views that fail, and what of them is recovered."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from rest_framework.decorators import api_view

from monitoring.recovery import ai_error_handler

FAILURES: list[Exception] = []
"""What the next calls raise, the last one first."""
calls: list[str] = []


def _work(request: HttpRequest) -> HttpResponse:
    calls.append(str(request.method))
    if FAILURES:
        raise FAILURES.pop()
    return HttpResponse("done")


def plain(request: HttpRequest) -> HttpResponse:
    return _work(request)


async def plain_async(request: HttpRequest) -> HttpResponse:
    return _work(request)


@ai_error_handler
def decorated(request: HttpRequest) -> HttpResponse:
    """A view."""
    return _work(request)


@ai_error_handler
async def decorated_async(request: HttpRequest) -> HttpResponse:
    return _work(request)


@api_view(["GET", "POST"])
@ai_error_handler
def decorated_below(request: Any) -> HttpResponse:
    return _work(request)


@ai_error_handler
def streams(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Any:
        yield b"be"
        _work(request)

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("plain/", plain),
    path("plain-async/", plain_async),
    path("decorated/", decorated),
    path("decorated-async/", decorated_async),
    path("decorated-below/", decorated_below),
    path("streams/", streams),
]
handler404, handler500 = (
    "monitoring.errors.answers.views.page_not_found",
    "monitoring.errors.answers.views.server_error",
)
ANSWERS: list[tuple[Exception, int, str]] = [
    (DatabaseError("gone"), 500, "critical"),
    (TimeoutError("slow"), 503, "high"),
    (ConnectionError("gone"), 503, "high"),
    (ValueError("no"), 400, "medium"),
    (ZeroDivisionError(), 400, "low"),
]
"""What the documented severities are answered with."""
NONE_OF_OURS: list[tuple[Exception, int]] = [(Http404("gone"), 404), (PermissionDenied("no"), 403)]
