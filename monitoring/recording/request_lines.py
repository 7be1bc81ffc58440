"""The line of a request that was answered: who asked for what, what came of it, and how long it took."""

from __future__ import annotations

import logging

from . import request_data
from .context import Context
from .recorder import recorder

lines = logging.getLogger("monitoring.requests")
_FAILED, _BROKEN = 400, 500
_MAX_AGENT = 500


def write(context: Context, duration: int, method: str, route: str, status: int, *, slow: bool) -> None:
    """Write the line of a request, unless its path is one of those that are left out.

    Args:
        context: The request's.
        duration: Nanoseconds it took.
        method: Of the request.
        route: The pattern that answered.
        status: Of the response; 499 if the client was gone.
        slow: Whether it took longer than it may.
    """
    level = logging.ERROR if status >= _BROKEN else logging.WARNING if status >= _FAILED or slow else logging.INFO
    request, config = context.request, recorder.config
    if request is None or not lines.isEnabledFor(level) or request.path.startswith(config.request_log_excluded):
        return
    said = context.describe() | {
        "endpoint": route,
        "status": status,
        "duration": duration / 1e9,
        "ip_address": context.client,
        "user_agent": (request.META.get("HTTP_USER_AGENT") or "")[:_MAX_AGENT],
    }
    said["url"] = said.pop("path")
    if config.record_headers or config.record_body:
        taken = request_data.capture(request, headers=config.record_headers, body=config.record_body)
        told = request_data.describe(taken)
        said |= {name: told[name] for name in ("headers", "body") if name in told}
    lines.log(level, "%s %s answered %s in %.3f s", method, route, status, duration / 1e9, extra={"enginel": said})
