"""REST framework's exception handler: name it as `EXCEPTION_HANDLER` in the setting `REST_FRAMEWORK`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http.multipartparser import MultiPartParserError
from django.utils.log import log_response
from rest_framework.response import Response
from rest_framework.views import set_rollback

from monitoring.access import problems
from monitoring.classification import classify_exception
from monitoring.classification.sentences import of_kind, of_status
from monitoring.recording import errors, request_data
from monitoring.recording.resilience.circuits import CircuitOpenError

from .views import accepts_page

BROKEN = 500
_UNAVAILABLE = 503
_ANSWERED_BY_DJANGO = (BadRequest, SuspiciousOperation, MultiPartParserError)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into an answer, or leave it to Django.

    Besides what REST framework handles, these are exceptions to which the setting `ERROR_CLASSES` gives a status below
    500, and calls that an open circuit has refused (503). All others reach Django's handlers, and whoever listens to
    `got_request_exception`. Under `DEBUG` clients that ask for no page get the same answer as without; Django's own
    would be a traceback.
    """
    request_data.keep_parsed(context.get("request"))
    handled = problems.handle(error, context)
    if handled is not None or isinstance(error, _ANSWERED_BY_DJANGO):
        return handled
    if isinstance(error, CircuitOpenError):
        set_rollback()
        errors.note(error)
        retry = {"Retry-After": str(math.ceil(error.retry_after))}
        return problems.problem(_UNAVAILABLE, of_status(_UNAVAILABLE), headers=retry, error=error)
    found = classify_exception(error)
    if found.status < BROKEN:
        set_rollback()
        return problems.problem(found.status, of_status(found.status), error=error)
    request = context["request"]
    if not settings.DEBUG or settings.DEBUG_PROPAGATE_EXCEPTIONS or accepts_page(request):
        return None
    return broken(error, request)


def broken(error: Exception, request: Any, extensions: Mapping[str, Any] | None = None) -> Response:
    """Return the answer to an exception that nobody handles, having told of it whom Django would have told.

    Args:
        error: The exception.
        request: REST framework's.
        extensions: Further members of the answer.
    """
    set_rollback()
    got_request_exception.send(sender=None, request=request)
    kind = classify_exception(error).kind
    response = problems.problem(BROKEN, of_kind(kind), extensions=extensions, error=error)
    log_response(
        "%s: %s", response.status_text, request.path, response=response, request=request._request, exception=error
    )
    return response
