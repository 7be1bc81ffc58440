"""Reading what Enginel knows from a process without its tables, such as a FastAPI service: over Enginel's HTTP API.

The documented classes that read ask here wherever `wanted` says so. Where Enginel is, `ENGINEL_URL` says, and
`ENGINEL_TOKEN` is the token with which it is asked. A question takes a bounded time, and its answer is kept for a
moment; a coroutine that asks holds its event loop up for a second at most. Needs neither Django nor Redis, and
imports what speaks HTTP when the first question is asked.
"""

from __future__ import annotations

import sys
from typing import Any

from .errors import NotConfiguredError, RefusedError, RemoteError, UnavailableError
from .keeping import answers

__all__ = ["NotConfiguredError", "RefusedError", "RemoteError", "UnavailableError", "get", "wanted"]


def wanted() -> bool:
    """Return whether this process has to ask: it is no Django process in which Enginel is installed."""
    django = sys.modules.get("django.apps")
    return django is None or not (django.apps.apps_ready and django.apps.is_installed("monitoring"))


def get(path: str, *, also: tuple[int, ...] = (), **query: Any) -> Any:
    """Ask Enginel.

    What was answered within the last two seconds is returned at once. Outside of event loops a new answer is waited
    for, five seconds at most. On the thread of a running event loop an answer of the last minute is returned at once
    while a new one is fetched behind it; where there is none, it is waited for a second.

    Args:
        path: Of the API, without a slash at its beginning.
        also: Statuses of errors whose body is an answer, too.
        **query: Parameters; those that are None are left out.

    Returns:
        The answer's JSON.

    Raises:
        NotConfiguredError: `ENGINEL_URL` or `ENGINEL_TOKEN` is missing, or of no use.
        RefusedError: Enginel answered that it does not tell, and why.
        UnavailableError: Enginel did not answer, or not yet.
    """
    return answers.get(path, {name: str(value) for name, value in query.items() if value is not None}, also)
