"""What those are told who are refused: status 429, when to come again, and why, as data or as a page."""

from __future__ import annotations

import json
from dataclasses import dataclass

from monitoring.answers import page, problem
from monitoring.answers.accept import wants_page

from .counting import BLOCK
from .verdict import Verdict

STATUS = 429
_PAGE = "text/html; charset=utf-8"
_TITLE = "Too many requests"
_BLOCKED = "Requests from your address are not answered for now."
_THROTTLED = "There were too many requests."
_SECONDS_IN = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class Answer:
    """An answer, for whatever server.

    Attributes:
        headers: Its headers; the length is the server's to say.
        body: Its bytes.
    """

    headers: dict[str, str]
    body: bytes


def answer(verdict: Verdict, accept: str) -> Answer:
    """Return what is answered to a request that is refused.

    Args:
        verdict: Why.
        accept: Its header `Accept`.
    """
    detail = f"{_why(verdict)} Please try again in {_in_words(verdict.retry_after)}."
    headers = {"Retry-After": str(verdict.retry_after), "Cache-Control": "no-store", "Vary": "Accept"}
    if wants_page(accept):
        body = page.render(_TITLE, detail)
        return Answer(headers | {"Content-Type": _PAGE, "Content-Security-Policy": page.POLICY}, body.encode())
    error = {"type": str(STATUS), "message": detail, "error_id": None, "severity": "low"}
    found = problem.body(STATUS, detail, extensions={"error": error, "retry_after": verdict.retry_after})
    return Answer(headers | {"Content-Type": problem.MEDIA_TYPE}, json.dumps(found, separators=(",", ":")).encode())


def _why(verdict: Verdict) -> str:
    if verdict.kind == BLOCK:
        return _BLOCKED
    reason = " ".join(verdict.reason.split())
    if not reason:
        return _THROTTLED
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."


def _in_words(seconds: int) -> str:
    """Say a time in its largest unit, rounded up."""
    size, name = next((size, name) for size, name in _SECONDS_IN if seconds >= size or size == 1)
    number = -(-seconds // size)
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
