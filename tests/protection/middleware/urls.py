"""The URLs of a project, some of them by language."""

from __future__ import annotations

from typing import Any

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

CALLED: list[str] = []


def hello(request: HttpRequest, **_: Any) -> HttpResponse:
    CALLED.append(request.path)
    return HttpResponse("hello")


async def later(request: HttpRequest) -> HttpResponse:
    return hello(request)


def busy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("too many", status=429)


urlpatterns = [
    path("busy/", busy),
    path("api/orders/<int:number>/", hello),
    path("later/", later),
    path("", include("monitoring.urls")),
    *i18n_patterns(path("shop/<int:number>/", hello), prefix_default_language=False),
]
