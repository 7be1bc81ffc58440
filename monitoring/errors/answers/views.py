"""Django's handlers of errors: name them in the project's URLs, and `csrf_failure` as `CSRF_FAILURE_VIEW`.

None of them can fail: whatever goes wrong here, the answer is a constant.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views import csrf

from monitoring.answers import page, problem
from monitoring.answers.accept import wants_page
from monitoring.classification import sentences
from monitoring.recording import errors
from monitoring.recording.answers import error_page
from monitoring.recording.answers.shown import shown
from monitoring.recording.context import current
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience.circuits import CircuitOpenError

from . import members


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that nobody can make sense of: Django's `handler400`."""
    return answer(request, 400, exception)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that is not allowed: Django's `handler403`."""
    return answer(request, 403, exception)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request for what does not exist: Django's `handler404`."""
    return answer(request, 404, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a request whose exception nobody handled: Django's `handler500`.

    A call that an open circuit has refused is no fault of the code: it is answered with 503, and when to try again.
    """
    exception = sys.exc_info()[1]
    if isinstance(exception, CircuitOpenError):
        response = answer(request, 503, exception)
        response["Retry-After"] = str(math.ceil(exception.retry_after))
        return response
    return answer(request, 500, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from this site: the setting `CSRF_FAILURE_VIEW`.

    Args:
        request: As it came.
        reason: For those who develop: shown by Django's own page, under `DEBUG`.
    """
    context = current.get()
    if context is not None:
        context.error_type = errors.CSRF
    if settings.DEBUG and accepts_page(request):
        return csrf.csrf_failure(request, reason)
    return answer(request, 403, None, sentences.CSRF, sentences.CSRF_TITLE)


def answer(
    request: HttpRequest, status: int, exception: BaseException | None, text: str = "", title: str = ""
) -> HttpResponse:
    """Return the page or the problem that tells visitors of an error.

    Args:
        request: As it came.
        status: Of the answer.
        exception: What is answered, where there is one. Nothing of it is told but its class of trouble.
        text: What visitors are told; what the status says, or the kind of trouble, unless given.
        title: What stands above it on a page; what the status says unless given.
    """
    wanted = False
    try:
        wanted = accepts_page(request)
        members.note(exception)
        text = text or _text(status, exception)
        body = _page(status, title, text) if wanted else _problem(status, text, exception)
    except Exception:  # of all answers this one must not be missing
        recorder.failed()
        body = page.CONSTANT if wanted else _as_text(problem.body(status, sentences.of_status(500)))
    response = HttpResponse(
        body, status=status, content_type="text/html; charset=utf-8" if wanted else problem.MEDIA_TYPE
    )
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    if wanted:
        response["Content-Security-Policy"] = page.POLICY
    return response


def accepts_page(request: Any) -> bool:
    """Return whether a request asks for a page."""
    return wants_page(str(request.META.get("HTTP_ACCEPT", "")))


def _text(status: int, exception: BaseException | None) -> str:
    if status == 500 and exception is not None:
        return sentences.of_kind(members.classification(status, exception).kind)
    return sentences.of_status(status)


def _page(status: int, title: str, text: str) -> str:
    return error_page.render(status, title or sentences.title_of(status), text, shown(status))


def _problem(status: int, text: str, exception: BaseException | None) -> str:
    return _as_text(problem.body(status, text, extensions=members.of(status, text, exception)))


def _as_text(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))
