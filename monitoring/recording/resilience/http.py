"""An HTTP client whose timeouts recovery may raise, and which honours the circuit of its name.

It does not try again by itself: whether a request may be repeated, its caller knows.
"""

from __future__ import annotations

from typing import Any

import requests

from .timeouts import timeout

_CONNECT_SECONDS = 5.0


class Session(requests.Session):
    """A `requests.Session` with a named timeout; see `session`."""

    def __init__(self, name: str, default: float, most: float) -> None:
        super().__init__()
        self._name, self._default, self._most = name, default, most

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """Send a request, as `requests` does; one that names a timeout of its own keeps it."""
        if len(args) <= _ARGUMENTS_BEFORE_TIMEOUT and options.get("timeout") is None:
            options["timeout"] = self._timeouts()
        return super().request(method, url, *args, **options)

    def _timeouts(self) -> tuple[float, float]:
        seconds = timeout(self._name, self._default, most=self._most)
        return min(_CONNECT_SECONDS, seconds), seconds


_ARGUMENTS_BEFORE_TIMEOUT = 6
"""`params`, `data`, `headers`, `cookies`, `files` and `auth` come before the timeout in `Session.request`."""


def session(name: str, timeout: float = 5.0, *, most: float | None = None) -> Session:
    """Make a session for one dependency.

    Args:
        name: The dependency's, under which its timeout (and its circuit, if one is declared) is known.
        timeout: Seconds between two bytes of an answer, as long as nothing else was decided.
        most: Seconds beyond which nothing raises it; four times the timeout unless given.
    """
    return Session(name, timeout, most if most is not None else 4 * timeout)
