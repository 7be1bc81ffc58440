"""What a throttle may want to know of a request, found out when one does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

_SCHEMES = frozenset({b"bearer", b"token"})
_MAX_TOKEN = 4_096


class Asked:
    """One request.

    Args:
        client: Address of the client; empty where it is not known.
        request: Whatever the framework hands on.
        route_of: Returns its method and route, such as `GET api/designs/`.
        authorization_of: Returns its header `Authorization`.
    """

    __slots__ = ("_authorization_of", "_request", "_route", "_route_of", "_token", "client")

    def __init__(
        self,
        client: str,
        request: Any,
        route_of: Callable[[Any], str],
        authorization_of: Callable[[Any], str],
    ) -> None:
        self.client = client
        self._request = request
        self._route_of = route_of
        self._authorization_of = authorization_of
        self._route: str | None = None
        self._token: str | None = None

    @property
    def route(self) -> str:
        """Its method and route."""
        if self._route is None:
            self._route = self._route_of(self._request)
        return self._route

    @property
    def token(self) -> str:
        """Digest of the token it came with, as it is stored; empty without one."""
        if self._token is None:
            self._token = digest_of(self._authorization_of(self._request))
        return self._token


def digest_of(authorization: str) -> str:
    """Return the digest of a token, as knox stores it; empty for other credentials.

    Args:
        authorization: The header.
    """
    # As those cut it who let tokens in, or another spelling would be another token.
    parts = authorization.encode("latin-1", "replace").split()
    if len(parts) != 2 or parts[0].lower() not in _SCHEMES or len(parts[1]) > _MAX_TOKEN:
        return ""
    return hashlib.sha512(parts[1]).hexdigest()
