"""`ErrorCaptureService`, the documented face of capturing, for those who call it themselves.

What it captures goes through recording's writer, like everything that is captured automatically. The documented
patterns of URLs serve its `normalize_url` and `generate_fingerprint` alone: errors are grouped by routes, so that a
scanner cannot open a group for each path it tries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from monitoring.error_tracking import get_error_tracking
from monitoring.recording import errors, facets, fingerprint
from monitoring.recording.context import Context, current

_CONTEXT = "_enginel_capture"
# Looking ahead leaves the slash to the next segment, so that of two ids side by side both are found.
_PATTERNS = (
    (re.compile(r"/\d+(?=/)"), "/{id}"),
    (re.compile(r"/[a-f0-9-]{36}(?=/)"), "/{uuid}"),
)


class ErrorCaptureService:
    """Capture responses and exceptions by hand, and find the documented fingerprint of a URL."""

    def generate_fingerprint(self, error_type: str, url: str, status_code: int) -> str:
        """Return the documented fingerprint: 16 hexadecimal digits of type, status and normalised URL.

        Args:
            error_type: Such as `csrf`, `404`, or the name of an exception's class.
            url: Path of the request.
            status_code: HTTP status.
        """
        return fingerprint.of_response(error_type, status_code, self.normalize_url(url))

    def normalize_url(self, url: str) -> str:
        """Return a URL with placeholders for its segments of digits (`{id}`), and for its UUIDs (`{uuid}`)."""
        for pattern, placeholder in _PATTERNS:
            url = pattern.sub(placeholder, url)
        return url

    def capture_error(self, request: Any, response: Any) -> str | None:
        """Log a response of 4xx or 5xx, once; with the exception that was captured of its request, if there is one.

        The answer to a request that is monitored is logged when it is answered: then this only says its id.

        Args:
            request: Django's, or REST framework's.
            response: What it is answered with.

        Returns:
            Id of the error; None if it is not logged.
        """
        request = _plain(request)
        if _runs(request):
            return errors.identify().error_id or None
        if _is_excluded(request) or response.status_code in get_error_tracking().exclude_status_codes:
            return None
        context = _context_of(request)
        exception = context.error
        with _set(context):
            if not context.ended:
                context.ended = True
                errors.answered(context, response.status_code, exception)
            found = errors.identify(exception).error_id or None
        context.error = None  # its frames hold the request, and so this context
        return found

    def capture_exception(self, request: Any, exception: BaseException) -> str | None:
        """Log an exception with its traceback, once however often it is captured.

        Args:
            request: Django's, or REST framework's.
            exception: As caught.

        Returns:
            Id of the error; None if it is not logged.
        """
        request = _plain(request)
        if _is_excluded(request):
            return None
        if _runs(request):
            errors.note(exception)  # should the answer be an error, it is this one
            return errors.report(exception)
        context = _context_of(request)
        context.error = exception
        with _set(context):
            return errors.report(exception)


def _plain(request: Any) -> Any:
    """Return Django's request, of which REST framework's is a wrapper."""
    return getattr(request, "_request", request)


def _runs(request: Any) -> bool:
    """Whether the request is monitored anyway; a middleware that is not there for errors then records them as well."""
    running = current.get()
    if running is None or running.request is not request:
        return False
    if running.facets:
        running.facets |= facets.ERRORS
    return True


def _is_excluded(request: Any) -> bool:
    return bool(request.path.startswith(get_error_tracking().exclude_paths))


def _context_of(request: Any) -> Context:
    """Return what errors of a request are tied to: the same for all that is captured of it."""
    context = getattr(request, _CONTEXT, None)
    if not isinstance(context, Context):
        context = Context("", request)
        setattr(request, _CONTEXT, context)
    return context


@contextmanager
def _set(context: Context) -> Iterator[None]:
    token = current.set(context)
    try:
        yield
    finally:
        current.reset(token)
