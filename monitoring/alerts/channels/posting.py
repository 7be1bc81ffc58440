"""Posting a message over guarded HTTP, and what the answer means for the next attempt.

Addresses and bodies of answers may hold secrets, so what is told of a failure is the host and the status.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from monitoring.outbound import errors, http
from monitoring.outbound.judging import may_pass, retry_after

from .base import PermanentError, TemporaryError


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool = False,
    known: frozenset[str] = frozenset(),
) -> None:
    """Send a body, once.

    Args:
        url: Where to.
        body: What to send.
        headers: With their content type.
        allow_private: Whether the address may be a private one: the operator chose it.
        known: Answers' texts that hold no secret, to be repeated to people.

    Raises:
        TemporaryError: It may be taken later.
        PermanentError: It never will.
    """
    host = host_of(url)
    try:
        with http.Session(allow_private=allow_private, named=host) as session:
            answer = session.send("POST", url, data=body, headers=headers)
    except errors.BlockedAddressError as error:
        raise PermanentError(f"{host} is not reached. {error}") from None
    except errors.TooLargeError as error:
        judge(host, error.status, {})
        return
    except errors.AwayError as error:
        raise TemporaryError(str(error)) from None
    text = answer.body[:100].decode(errors="replace").strip()
    judge(host, answer.status, answer.headers, text if text in known else "")


def judge(host: str, status: int, headers: Mapping[str, str], said: str = "") -> None:
    """Take an answer for what it is.

    Raises:
        TemporaryError: The next attempt may do.
        PermanentError: It will not.
    """
    if 200 <= status < 300:
        return
    told = f"{host} answered {status}{f' ({said})' if said else ''}."
    if may_pass(status):
        raise TemporaryError(told, retry_after(headers))
    raise PermanentError(told)


def host_of(url: str) -> str:
    """Return the host of an address, which is no secret."""
    try:
        return urlsplit(url).hostname or "The receiver"
    except ValueError:
        return "The receiver"


def is_web_address(value: object) -> bool:
    """Whether a value is an http(s) address without user and password."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        return False
