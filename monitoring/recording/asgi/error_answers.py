"""What is answered to an exception that nobody handled: the JSON error format, or the page for browsers.

Messages leave with answers below 500 alone, and only those that were written for clients.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from monitoring.answers import page, problem
from monitoring.answers.accept import wants_page
from monitoring.classification import classify_exception, sentences
from monitoring.recording import errors
from monitoring.recording.answers import error_page
from monitoring.recording.answers.member import member, unknown
from monitoring.recording.answers.shown import shown
from monitoring.recording.context import Context
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience.circuits import CircuitOpenError
from monitoring.remote.errors import UnavailableError

from .http_exceptions import HttpError

_FAILED, _BROKEN, _UNAVAILABLE = 400, 500, 503
_PAGE = "text/html; charset=utf-8"


class Answer(NamedTuple):
    """An answer as a server sends it.

    Attributes:
        status: Of it.
        headers: Of it, as bytes.
        body: Of it.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def of(context: Context, error: Exception) -> Answer:
    """Return the answer to an exception. It raises nothing.

    Args:
        context: Of the request.
        error: What was raised.
    """
    meta: Any = context.request.META if context.request is not None else {}
    try:
        errors.note(error)
        status = _status_of(error)
        found = classify_exception(error, status)
        detail = _detail_of(error, status) or (
            sentences.of_kind(found.kind)
            if status >= _BROKEN and status != _UNAVAILABLE
            else sentences.of_status(status)
        )
        what, headers = shown(status), {"Cache-Control": "no-store", "Vary": "Accept"}
        if isinstance(error, CircuitOpenError | UnavailableError):
            headers["Retry-After"] = str(math.ceil(error.retry_after))
        if wants_page(str(meta.get("HTTP_ACCEPT", ""))):
            body = error_page.render(status, sentences.title_of(status), detail, what)
            headers |= {"Content-Type": _PAGE, "Content-Security-Policy": page.POLICY}
            return made(status, headers, body.encode())
        told = {"error": member(detail, found, what), **_told(error, status)}
    except Exception:  # the answer is more important than what it says
        recorder.failed()
        status, detail, headers = _BROKEN, sentences.of_status(_BROKEN), {"Cache-Control": "no-store"}
        told = {"error": unknown(status, detail)}
    text = json.dumps(problem.body(status, detail, extensions=told), separators=(",", ":"), ensure_ascii=False)
    return made(status, headers | {"Content-Type": problem.MEDIA_TYPE}, text.encode())


def made(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return an answer with its headers as servers take them, the length among them."""
    told = [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
    return Answer(status, [*told, (b"content-length", str(len(body)).encode())], body)


def _status_of(error: Exception) -> int:
    """Return the status of an answer: what the exception says of itself, or what is known of its class below 500."""
    if isinstance(error, HttpError):
        return error.status_code
    if isinstance(error, CircuitOpenError | UnavailableError):
        return _UNAVAILABLE
    known = classify_exception(error).status
    return known if _FAILED <= known < _BROKEN else _BROKEN


def _detail_of(error: Exception, status: int) -> str:
    """Return what the exception itself says to clients."""
    return error.message if isinstance(error, HttpError) and status < _BROKEN else ""


def _told(error: Exception, status: int) -> dict[str, Any]:
    """Return what a documented exception says to machines: its code, its details, what is wrong with which field."""
    if not isinstance(error, HttpError):
        return {}
    told: dict[str, Any] = {"code": error.code}
    if status >= _BROKEN or not error.details:
        return told
    try:
        plain = json.loads(json.dumps(error.details, default=str))
    except (TypeError, ValueError, RecursionError):  # what no answer can hold is no reason to give none
        return told
    fields = _by_field(plain)
    return told | {"details": plain} | ({"errors": fields} if fields else {})


def _by_field(details: Any) -> dict[str, list[str]]:
    """Return messages by the field they are about, of a list of dicts with `field` and `message`."""
    found: dict[str, list[str]] = {}
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict) and isinstance(one.get("field"), str) and "message" in one:
            found.setdefault(one["field"], []).append(str(one["message"]))
    return found
