"""URLs of the flood: one route that exists, and the shortest error page."""

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import path


def answer(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(b"")


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponseNotFound(b"")


urlpatterns = [path("api/things/<int:pk>/", answer)]
