"""Asking others over HTTP: bounded in time and size, and only where it may be asked.

Redirects are followed by hand, each held to the same bounds. To another origin no header travels that may hold a
credential, none leads from a public address into a private network, and nobody who asked for something to be done
(POST) is told that it was because a page was there to be read.
"""

from __future__ import annotations

import json as jsons
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from monitoring import __version__
from monitoring.conf import get_config

from .deadline import Deadline
from .errors import AwayError, BlockedAddressError, LateError, TooLargeError
from .guard import Guard, guarded
from .quiet import quiet

MAX_BYTES = 256 * 1024
_CHUNK = 64 * 1024
_MOST_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD = frozenset({307, 308})
_HARMLESS = frozenset({"accept", "content-type", "idempotency-key", "user-agent"})
"""Headers that may go along to another origin."""
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect: For a connection.
        read: For the next byte.
        total: For everything together, redirects included.
    """

    connect: float = 3.05
    read: float = 8.0
    total: float = 15.0


@dataclass(frozen=True)
class Answer:
    """What a server answered.

    Attributes:
        status: The HTTP status.
        headers: By name, in whatever case.
        body: As it came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the server says that it went well."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON; None where it is none."""
        try:
            return jsons.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None


class _Plain(requests.Session):
    """One that leaves redirects alone: it would read all that comes with them, even when it does not follow them."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        del resp


class Session:
    """A few requests in a row, within one time.

    Args:
        allow_private: Whether private networks may be reached, because an operator chose the address.
        timeouts: How long to wait; `total` begins now.
        max_bytes: More of an answer is not read.
        redirects: So many are followed.
        named: What messages call the other side.
        authorities: File of the certificates by which the other side is known; the usual ones unless given.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeouts: Timeouts | None = None,
        max_bytes: int = MAX_BYTES,
        redirects: int = _MOST_REDIRECTS,
        named: str = "The server",
        authorities: str = "",
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._allow_private, self._max_bytes = allow_private, max_bytes
        self._redirects, self._named = redirects, named
        self._deadline = Deadline(time.monotonic() + self._timeouts.total)
        self._session = _Plain()
        self._session.trust_env = False  # neither a proxy nor a `.netrc` that nobody here chose
        self._session.verify = authorities or os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._session.headers["User-Agent"] = f"enginel/{__version__}"
        # Unpacking is what could make much of little.
        self._session.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, self._deadline.adapter())

    def __enter__(self) -> Session:
        self._deadline.watch()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._deadline.forget()
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its answer.

        Args:
            method: Such as `POST`.
            url: Of the schemes http or https; user and password in it go to this origin alone.
            query: Added to the URL.
            json: Sent as JSON.
            data: Sent as it is; instead of `json`.
            headers: Beside those of every request.

        Raises:
            BlockedAddressError: The address, or one it redirects to, must not be reached.
            TooLargeError: The answer has more than `max_bytes`.
            AwayError: There was no answer, or not in time.
        """
        body = jsons.dumps(json).encode() if json is not None else data
        given = {"Content-Type": "application/json"} if json is not None else {}
        given |= headers or {}
        with quiet(), guarded(self._allow_private) as guard:
            for _ in range(self._redirects + 1):
                answer = self._ask(guard, requests.Request(method, url, params=query, data=body, headers=given))
                target = _target(method, url, answer) if self._redirects else None
                if target is None:
                    return answer
                if _origin(target) != _origin(urlsplit(url)):
                    given = {name: value for name, value in given.items() if name.lower() in _HARMLESS}
                    guard.allow_private = guard.allow_private and not guard.went_public
                url, query = target.geturl(), None
        raise AwayError(f"{self._named} redirects more than {self._redirects} times.")

    def _ask(self, guard: Guard, request: requests.Request) -> Answer:
        if not _is_web(request.url):
            raise BlockedAddressError("It is not the address of a web server.")
        left = self._deadline.left()
        if left <= 0:
            raise AwayError(f"{self._named} takes too long.")
        limits = (min(self._timeouts.connect, left), min(self._timeouts.read, left))
        guard.refused = ""
        try:
            prepared = self._session.prepare_request(request)
            url = prepared.url or ""
            proxies = get_environ_proxies(url) if get_config().outbound_proxies else {}
            if urlsplit(url).scheme in proxies:
                guard.allow_private = True  # the address is the proxy's; where that may lead is its own affair
            with self._session.send(
                prepared, timeout=limits, allow_redirects=False, stream=True, proxies=proxies
            ) as response:
                answer = Answer(response.status_code, response.headers, self._read(response))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if guard.refused:
                raise BlockedAddressError(guard.refused) from None
            late = self._deadline.left() <= 0 or isinstance(error, requests.ReadTimeout)
            raise (LateError if late else AwayError)(self._why(error)) from None
        if self._deadline.left() <= 0:  # what was cut then may look whole
            raise LateError(f"{self._named} takes too long.")
        return answer

    def _read(self, response: requests.Response) -> bytes:
        read = bytearray()
        # As it came: whoever unpacks an answer that says it is packed reads as much as its sender likes.
        for chunk in response.raw.stream(min(_CHUNK, self._max_bytes + 1), decode_content=False):
            read += chunk
            if len(read) > self._max_bytes:
                raise TooLargeError(f"{self._named} answered with more than can be read.", response.status_code)
        return bytes(read)

    def _why(self, error: Exception) -> str:
        """Say why there is no answer; the error's own text may hold the address with whatever is in it."""
        if self._deadline.left() <= 0:
            return f"{self._named} takes too long."
        if isinstance(error, requests.Timeout):
            return f"{self._named} did not answer in time."
        return f"{self._named} did not answer: {type(error).__name__}."


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    allow_private: bool = False,
    timeout: Timeouts | None = None,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """Read what is at an address; arguments, result and errors are those of `Session` and its `send`."""
    with Session(allow_private=allow_private, timeouts=timeout, max_bytes=max_bytes) as session:
        return session.send("GET", url, headers=headers)


def post(
    url: str,
    *,
    json: Any = None,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    allow_private: bool = False,
    timeout: Timeouts | None = None,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """Send something to an address; arguments, result and errors are those of `Session` and its `send`."""
    with Session(allow_private=allow_private, timeouts=timeout, max_bytes=max_bytes) as session:
        return session.send("POST", url, json=json, data=data, headers=headers)


def _is_web(url: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme in _PORTS and bool(parts.hostname)
    return False


def _target(method: str, url: str, answer: Answer) -> SplitResult | None:
    """Return where an answer redirects to, if that is followed."""
    location = answer.headers.get("Location")
    if answer.status not in _MOVED or not location:
        return None
    if method not in ("GET", "HEAD") and answer.status not in _SAME_METHOD:
        return None
    with suppress(ValueError):
        target = urlsplit(urljoin(url, location))
        insecure = target.scheme == "http" and urlsplit(url).scheme == "https"
        if target.scheme in _PORTS and target.hostname and not (insecure and method not in ("GET", "HEAD")):
            return target
    return None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)
