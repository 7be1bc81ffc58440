"""What a request is answered with whose error recovery has taken over: the documented status, and `recovery`.

What visitors are told is the error's class of trouble and its id, as in all answers, and whether it was recovered;
never its message, nor why nothing was done.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from monitoring.answers import problem
from monitoring.classification import sentences
from monitoring.errors import ErrorCaptureService
from monitoring.errors.answers import members, views
from monitoring.recording.context import current

from .caught import Caught
from .member import Member, public

_PAGE_TITLE = 500


def answer(request: HttpRequest, caught: Caught, recovery: Member) -> HttpResponse:
    """Return the answer.

    Args:
        request: That failed.
        caught: How.
        recovery: What became of it.
    """
    monitored = _counts_as_failure(request)
    status, text = caught.found.answer_status, sentences.of_kind(caught.found.kind)
    if views.accepts_page(request):
        return views.answer(request, status, caught.exception, text, sentences.title_of(_PAGE_TITLE))
    error = members.of(status, text, caught.exception)["error"] | {"error_id": caught.error_id or None}
    extensions = {"error": error, "recovery": public(recovery)}
    body = json.dumps(problem.body(status, text, extensions=extensions), separators=(",", ":"))
    response = HttpResponse(body, status=status, content_type=problem.MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    if not monitored:  # nobody else will say with which status it was answered
        ErrorCaptureService().capture_error(request, response)
    return response


def _counts_as_failure(request: Any) -> bool:
    """Have a monitored request count as one that failed, also where the documented status is one of 4xx."""
    context = current.get()
    if context is None or context.request is not request:
        return False
    context.unhandled = True
    return True
