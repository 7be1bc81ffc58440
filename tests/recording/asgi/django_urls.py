from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def sync_view(request: HttpRequest, number: int) -> HttpResponse:
    if number == 13:
        raise ArithmeticError
    return HttpResponse(number)


async def async_view(request: HttpRequest, number: int) -> HttpResponse:
    return sync_view(request, number)


urlpatterns = [path("sync/<int:number>/", sync_view), path("async/<int:number>/", async_view)]
