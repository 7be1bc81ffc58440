"""What is recorded of a request once it is answered, whatever framework has answered it."""

from __future__ import annotations

import logging
from time import time_ns

from . import acting, errors, facets, request_lines, spans, visits
from .context import Context
from .events import Request, Slow
from .methods import known
from .recorder import recorder
from .resilience.circuits import CircuitOpenError

logger = logging.getLogger("monitoring.slow")

REFUSED = "<refused>"
_FAILED, _BROKEN = 400, 500
_CLIENT_GONE = 499
_MEASURED = facets.PERFORMANCE | facets.METRICS


def record(context: Context, duration: int, method: str | None, route: str, status: int) -> None:
    """Record what the facets of a request are for: its event, its error, its span, its line.

    Args:
        context: The request's, with the exception that it ended with, if it is known.
        duration: Nanoseconds it took.
        method: Of the request, as it came.
        route: The pattern that answered.
        status: Of the response; 499 if the client was gone.
    """
    at = time_ns()
    error, context.error = context.error, None  # its frames hold this context: do not leave it a cycle
    method = known(method)
    wanted = context.facets
    if recorder.config.security:
        visits.note_request(context.request, status)
    if (only := facets.ONLY.get(wanted & _MEASURED)) is not None:
        only = only | facets.FAILED if context.unhandled else only
        recorder.record(Request(at, duration, method, route, status, only))
    slow = duration >= recorder.config.slow_request_seconds * 1e9
    if slow and wanted & facets.PERFORMANCE:
        _record_slow(context, duration, f"{method} {route}", status)
    if (
        status >= _FAILED
        and status != _CLIENT_GONE
        and wanted & facets.ERRORS
        and not (context.refused or context.blameless)
    ):
        errors.answered(context, status, error)
    blamed = not (context.blameless or isinstance(error, CircuitOpenError))
    if (status >= _BROKEN or context.unhandled) and blamed:
        errors.blame(context, method, route, max(status, _BROKEN))
    broken = (status >= _BROKEN or context.unhandled) and not context.blameless
    if broken or slow or context.kept:
        spans.request_ended(context, at, duration, f"{method} {route}", status, broken, slow=slow)
    if wanted & facets.LINES:
        request_lines.write(context, duration, method, route, status, slow=slow)
    acting.notice(context)


def _record_slow(context: Context, duration: int, name: str, status: int) -> None:
    described = context.describe() | {"status": status}
    logger.warning("slow request: %s took %.3f s", name, duration / 1e9, extra={"enginel": described})
    recorder.record_fact(Slow(time_ns(), duration, "request", name, described))
