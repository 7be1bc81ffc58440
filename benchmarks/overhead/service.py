"""The measured service: a route that answers, and one whose exception travels through 19 frames."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

KEY = uuid.UUID("7b8f1f6e-6a5f-4c39-9d0e-2f1c5b8a4d11")
_DEPTH = 15  # with the view and Django's own two frames, 19


class ExtractionError(Exception):
    """What the failing route raises."""


def _load(depth: int) -> int:
    return _parse(depth - 1) + 1 if depth else _fail()


def _parse(depth: int) -> int:
    return _resolve(depth - 1) + 1 if depth else _fail()


def _resolve(depth: int) -> int:
    return _measure(depth - 1) + 1 if depth else _fail()


def _measure(depth: int) -> int:
    return _load(depth - 1) + 1 if depth else _fail()


def _fail() -> int:
    raise ExtractionError("no closed shell in entity #1042")


def fail_at_depth() -> int:
    """Raise through as many frames as the failing views do."""
    return _load(_DEPTH - 1)


def answer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse("ok")


def fail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse(str(fail_at_depth()))


async def answer_async(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse("ok")


async def fail_async(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse(str(fail_at_depth()))


def route(view: Callable[..., Any]) -> str:
    return f"/api/{view.__name__}/{KEY}/"


urlpatterns = [path(f"api/{view.__name__}/<uuid:pk>/", view) for view in (answer, fail, answer_async, fail_async)]
