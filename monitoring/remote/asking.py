"""One question to Enginel's HTTP API: bounded in time and size, with the token that an operator has set."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import NotConfiguredError, RefusedError, RemoteError, UnavailableError

TOTAL_SECONDS = 5.0
"""No question takes longer."""
_CONNECT_SECONDS = 2.0
_MOST_BYTES = 4 * 1024 * 1024
_MOST_TEXT = 300
_SETTINGS = ("ENGINEL_URL", "ENGINEL_TOKEN")
_ADVICE = "in a Django project that has Enginel installed, call django.setup() before reading."


@dataclass(frozen=True)
class Source:
    """Where Enginel is.

    Attributes:
        url: Its address, with a slash at the end.
        token: An admin's.
    """

    url: str
    token: str


def source() -> Source:
    """Return where Enginel is, as the environment says now.

    Raises:
        NotConfiguredError: It does not, or nothing that can be used.
    """
    url, token = (os.environ.get(name, "").strip() for name in _SETTINGS)
    missing = [name for name, value in zip(_SETTINGS, (url, token), strict=True) if not value]
    if missing:
        raise NotConfiguredError(f"{' and '.join(missing)} must be set to read from Enginel here; {_ADVICE}")
    if not _is_web(url):
        raise NotConfiguredError("ENGINEL_URL must be the address of a web server, such as https://enginel.example.")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise NotConfiguredError("ENGINEL_TOKEN must be a token as Enginel issues it.")
    return Source(url.rstrip("/") + "/", token)


def ask(where: Source, path: str, query: Mapping[str, str], also: tuple[int, ...] = ()) -> bytes:
    """Ask, and return the JSON of the answer.

    Args:
        where: Enginel.
        path: Of the API, without a slash at its beginning.
        query: Parameters.
        also: Statuses of errors whose body is an answer, too.

    Raises:
        RefusedError: Enginel does not tell.
        UnavailableError: There is no answer, or none of Enginel's.
    """
    # What speaks HTTP takes longer to import than most processes want that only record.
    from monitoring.outbound.errors import OutboundError
    from monitoring.outbound.http import Session, Timeouts

    timeouts = Timeouts(_CONNECT_SECONDS, TOTAL_SECONDS, TOTAL_SECONDS)
    headers = {"Authorization": f"Bearer {where.token}", "Accept": "application/json"}
    try:
        # An operator chose the address. The token goes nowhere else, so no redirect is followed.
        with Session(
            allow_private=True, timeouts=timeouts, max_bytes=_MOST_BYTES, redirects=0, named="Enginel"
        ) as session:
            answer = session.send("GET", where.url + path, query=query, headers=headers)
    except OutboundError as error:
        raise UnavailableError(str(error)) from None
    if answer.ok or answer.status in also:
        if answer.json() is None:
            raise UnavailableError("What answers at ENGINEL_URL is not Enginel: it sends no JSON.", answer.status)
        return answer.body
    raise _refusal(answer.status, answer.json())


def _refusal(status: int, body: object) -> RemoteError:
    said = body.get("detail") if isinstance(body, dict) else None
    why = f" It says: {said[:_MOST_TEXT]}" if isinstance(said, str) else ""
    if status in (401, 403):
        return RefusedError(f"Enginel refuses ENGINEL_TOKEN (HTTP {status}).{why}", status)
    if 300 <= status < 400:
        return RefusedError(f"ENGINEL_URL redirects (HTTP {status}); set it to the address itself.", status)
    if status < 500:
        return RefusedError(f"Enginel refuses the question (HTTP {status}).{why}", status)
    return UnavailableError(f"Enginel fails to answer (HTTP {status}).{why}", status)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def read(body: bytes) -> object:
    """Return the JSON of an answer, new for each who reads it."""
    found: object = json.loads(body)
    return found
