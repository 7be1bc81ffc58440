"""The methods of requests by which things are told apart; whatever else clients invent is one of its own."""

from __future__ import annotations

OTHER_METHOD = "_OTHER"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def known(method: str | None) -> str:
    """Return a method, or `_OTHER` for one that a client made up."""
    return method if method is not None and method in METHODS else OTHER_METHOD
