"""Refuses requests of clients that are blocked or come too often, before the application sees them."""

from __future__ import annotations

from typing import Any

from monitoring.recording.client import client_address
from monitoring.recording.enforcement import answer, counting
from monitoring.recording.enforcement.verdict import verdict
from monitoring.recording.errors import UNMATCHED
from monitoring.recording.methods import known

from . import routes
from .error_answers import Answer, made
from .health import OPEN
from .request import AsgiRequest


def refusal(request: AsgiRequest) -> Answer | None:
    """Return the answer to a request that is refused; None for one that is answered. It raises nothing.

    Args:
        request: One that was not routed yet. A health route is never refused.
    """
    try:
        if request.path_info in OPEN:
            return None
        found = verdict(client_address(request.META), request, _name_of, _authorization)
        if found is None:
            return None
        told = answer.answer(found, str(request.META.get("HTTP_ACCEPT", "")))
        refused = made(answer.STATUS, told.headers, told.body)
        return refused._replace(body=b"") if request.method == "HEAD" else refused
    except Exception:  # who is answered by mistake does less harm than who is not
        counting.count(counting.FAILED)
        return None


def _authorization(request: AsgiRequest) -> str:
    return str(request.META.get("HTTP_AUTHORIZATION", ""))


def _name_of(request: AsgiRequest) -> str:
    """Return the method and the pattern that is going to answer; asked for only while a throttle is about routes."""
    app: Any = request.scope.get("app")
    return f"{known(request.method)} {routes.ahead(request.scope, getattr(app, 'routes', None) or ()) or UNMATCHED}"
