"""`ai_error_handler` around endpoints of Starlette and FastAPI: which request they answer, and with what.

Neither is imported: who has an endpoint has imported Starlette.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from monitoring.answers import problem
from monitoring.answers.accept import wants_page
from monitoring.classification import sentences
from monitoring.recording.answers.member import member
from monitoring.recording.answers.shown import Shown
from monitoring.recording.context import current

from .caught import Caught
from .member import Member, public

_REQUESTS, _RESPONSES = "monitoring.recording.asgi.request", "starlette.responses"


def request_of(endpoint: Callable[..., Any]) -> Any:
    """Return the running request, if this is what answers it.

    Args:
        endpoint: A function, as it was decorated; it may have been decorated further.

    Returns:
        An `AsgiRequest`; None in all other code that a request calls, and where no middleware of ours is.
    """
    context, module = current.get(), sys.modules.get(_REQUESTS)
    request = context.request if context is not None else None
    if module is None or not isinstance(request, module.AsgiRequest):
        return None
    found = request.scope.get("endpoint")
    while found is not None and found is not endpoint:
        found = getattr(found, "__wrapped__", None)
    return request if found is not None else None


def is_asgi(request: Any) -> bool:
    """Whether a request is one of those that `request_of` returns."""
    module = sys.modules.get(_REQUESTS)
    return module is not None and isinstance(request, module.AsgiRequest)


def answer(request: Any, caught: Caught, recovery: Member) -> Any:
    """Return a response in the documented format.

    Args:
        request: As `request_of` returned it.
        caught: How it failed.
        recovery: What became of it.

    Returns:
        Starlette's response; None for a browser, that the middleware answers with a page, and without Starlette.
    """
    responses, context = sys.modules.get(_RESPONSES), current.get()
    if responses is None or context is None or wants_page(str(request.META.get("HTTP_ACCEPT", ""))):
        return None
    context.unhandled = True  # also where the documented status is one of 4xx
    status, text = caught.found.answer_status, sentences.of_kind(caught.found.kind)
    told = {"error": member(text, caught.found, Shown(caught.error_id)), "recovery": public(recovery)}
    body = json.dumps(problem.body(status, text, extensions=told), separators=(",", ":"), ensure_ascii=False)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return responses.Response(body, status, headers, problem.MEDIA_TYPE)
