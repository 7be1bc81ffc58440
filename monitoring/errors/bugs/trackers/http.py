"""Talking to a tracker over HTTP: bounded in time and size, and with the token for nobody else.

Redirects are not followed: a token must not travel to where an answer points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from monitoring.outbound.errors import OutboundError
from monitoring.outbound.http import Session, Timeouts

from .base import AwayError

_READ = 8.0
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Line:
    """A connection to a JSON API, for a few calls in a row.

    Args:
        base: Address that paths are appended to; an operator chose it, so it may be private.
        token: The bearer token.
        headers: Sent with each request.
        seconds: For all calls together, from when the line is made.
    """

    def __init__(self, base: str, token: str, headers: Mapping[str, str], seconds: float) -> None:
        self._base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", **headers}
        self._session = Session(
            allow_private=True,
            timeouts=Timeouts(read=_READ, total=seconds),
            max_bytes=_MAX_BYTES,
            redirects=0,
            named="The tracker",
        )

    def __enter__(self) -> Line:
        self._session.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._session.__exit__(kind, error, at)

    def call(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """Send a request and read its answer.

        Raises:
            AwayError: There was no answer, or none that can be used.
        """
        try:
            answer = self._session.send(method, f"{self._base}{path}", query=query, json=body, headers=self._headers)
        except OutboundError as error:
            raise AwayError(str(error)) from None
        return Answer(answer.status, answer.headers, answer.json())
