"""A project whose views fail in every way."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_protect
from rest_framework.exceptions import APIException, NotFound, Throttled, ValidationError
from rest_framework.views import APIView

from designs.models import User
from monitoring.recording.resilience.circuits import CircuitOpenError

SECRET = "the-password-is-hunter2"


class UnprintableError(Exception):
    """Cannot even be shown to those who look for it."""

    def __str__(self) -> str:
        raise RuntimeError(SECRET)

    __repr__ = __str__


class SoldOutError(Exception):
    """One that a project may give a status."""


class OutOfPaper(APIException):
    """One that says more than its status."""

    status_code = 503
    default_detail = "The printer is out of paper."


class Structured(APIException):
    """One whose detail is no sentence."""

    status_code = 422
    default_detail = {"code": 7}  # type: ignore[assignment]


RAISED: dict[str, Any] = {
    "broken": lambda: RuntimeError(SECRET),
    "value": lambda: ValueError(SECRET),
    "database": lambda: OperationalError(SECRET),
    "slow": lambda: TimeoutError(SECRET),
    "unprintable": UnprintableError,
    "missing": lambda: Http404(SECRET),
    "denied": lambda: PermissionDenied(SECRET),
    "bad": lambda: BadRequest(SECRET),
    "suspicious": lambda: SuspiciousOperation(SECRET),
    "sold-out": lambda: SoldOutError(SECRET),
    "paper": OutOfPaper,
    "refused": lambda: CircuitOpenError("payments", 6.5),
    "structured": Structured,
    "throttled": lambda: Throttled(wait=9),
    "not-found": NotFound,
    "invalid": lambda: ValidationError({"size": ["Too large."]}),
}


def plain(request: Any, name: str) -> HttpResponse:
    raise RAISED[name]()


async def later(request: Any, name: str) -> HttpResponse:
    await asyncio.sleep(0)
    raise RAISED[name]()


def logged(request: Any) -> HttpResponse:
    try:
        raise LookupError(SECRET)
    except LookupError:
        logging.getLogger("shop").exception("it broke")
        raise


def queries(request: Any) -> HttpResponse:
    return HttpResponse(str(User.objects.count()))


@csrf_protect
def form(request: Any) -> HttpResponse:
    return HttpResponse("sent")


class Rest(APIView):
    """Fails inside of REST framework."""

    def get(self, request: Any, name: str) -> Any:
        raise RAISED[name]()

    post = get


urlpatterns = [
    path("plain/logged/", logged),
    path("plain/<str:name>/", plain),
    path("later/<str:name>/", later),
    path("rest/<str:name>/", Rest.as_view()),
    path("queries/", queries),
    path("form/", form),
]
handler400 = "monitoring.errors.answers.views.bad_request"
handler403 = "monitoring.errors.answers.views.permission_denied"
handler404 = "monitoring.errors.answers.views.page_not_found"
handler500 = "monitoring.errors.answers.views.server_error"
