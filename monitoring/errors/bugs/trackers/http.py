"""Talking to a tracker over HTTP: bounded in time and size, and with the token for nobody else.

Redirects are not followed: a token must not travel to where an answer points.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import requests

from monitoring import __version__

from .base import AwayError
from .deadline import Deadline

_CONNECT, _READ = 3.05, 8.0
_MAX_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_TOO_LONG = "The tracker takes too long."


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: Any


class _Bearer(requests.auth.AuthBase):
    """Sets the token by itself, so that nothing in a `.netrc` replaces it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Line:
    """A connection to a JSON API, for a few calls in a row.

    Args:
        base: Address that paths are appended to.
        token: The bearer token.
        headers: Sent with each request.
        seconds: For all calls together, from when the line is made.
    """

    def __init__(self, base: str, token: str, headers: Mapping[str, str], seconds: float) -> None:
        self._base, self._deadline = base.rstrip("/"), Deadline(time.monotonic() + seconds)
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, self._deadline.adapter())
        self._session.auth = _Bearer(token)
        self._session.headers.update({"User-Agent": f"enginel/{__version__}", **headers})

    def __enter__(self) -> Line:
        self._deadline.watch()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._deadline.forget()
        self._session.close()

    def call(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """Send a request and read its answer.

        Raises:
            AwayError: There was no answer, or none that can be used.
        """
        left = self._deadline.left()
        if left <= 0:
            raise AwayError(_TOO_LONG)
        limits = (min(_CONNECT, left), min(_READ, left))
        try:
            with self._session.request(
                method,
                f"{self._base}{path}",
                params=query,
                json=body,
                timeout=limits,
                allow_redirects=False,
                stream=True,
            ) as response:
                read = _read(response)
        except (requests.RequestException, OSError) as error:
            if self._deadline.left() <= 0:
                told = _TOO_LONG
            elif isinstance(error, requests.Timeout):
                told = "The tracker did not answer in time."
            else:  # its text may hold the address with whatever is in it
                told = f"The tracker did not answer: {type(error).__name__}."
            raise AwayError(told) from None
        if self._deadline.left() <= 0:  # what was cut then may look whole
            raise AwayError(_TOO_LONG)
        return Answer(response.status_code, response.headers, _json(read))


def _read(response: requests.Response) -> bytes:
    read = bytearray()
    for chunk in response.iter_content(_CHUNK):
        read += chunk
        if len(read) > _MAX_BYTES:
            raise AwayError("The tracker answered with more than can be read.")
    return bytes(read)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
