"""Keeps libraries quiet while they ask others: what they log holds addresses, and those may hold secrets."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar

_LOGGERS = (
    "apprise",
    "asyncio",
    "requests",
    "requests_oauthlib",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)
_MOST = 20
_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


@contextlib.contextmanager
def quiet() -> Iterator[list[str]]:
    """Hold back what these libraries log in this thread or task meanwhile; that of others is logged as ever.

    Yields:
        What was held back, as far as the level of logging lets it come to that. It may hold secrets.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_passes)  # adding one that is there changes nothing
    heard: list[str] = []
    before = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(before)


def _passes(record: logging.LogRecord) -> bool:
    heard = _heard.get()
    if heard is None:
        return True
    if len(heard) < _MOST:
        with contextlib.suppress(Exception):  # a line that cannot be formatted says nothing
            heard.append(record.getMessage())
    return False
