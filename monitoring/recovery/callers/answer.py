"""What a request is answered with whose error recovery has taken over: the documented status, and `recovery`.

What visitors are told is the error's class of trouble and its id, as in all answers; never its message.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.views import set_rollback

from monitoring.answers import problem
from monitoring.errors.answers import members, sentences, views
from monitoring.recording.context import current

from .caught import Caught
from .member import Member

_PAGE_TITLE = 500


def answer(request: HttpRequest, caught: Caught, recovery: Member) -> HttpResponse:
    """Return the answer.

    Args:
        request: That failed.
        caught: How.
        recovery: What became of it.
    """
    _count_as_failure(request)
    set_rollback()
    status, text = caught.found.answer_status, sentences.of_kind(caught.found.kind)
    if views.accepts_page(request):
        return views.answer(request, status, caught.exception, text, sentences.title_of(_PAGE_TITLE))
    extensions = {**members.of(status, text, caught.exception), "recovery": recovery}
    body = json.dumps(problem.body(status, text, extensions=extensions), separators=(",", ":"))
    response = HttpResponse(body, status=status, content_type=problem.MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


def _count_as_failure(request: Any) -> None:
    """Have the request count as one that failed, also where the documented status is one of 4xx."""
    context = current.get()
    if context is not None and context.request is request:
        context.unhandled = True
