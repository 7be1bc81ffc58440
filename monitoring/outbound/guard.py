"""Refusing connections to where nobody must go, whoever opens the socket.

An address that is looked at before it is connected to may be another one by then: a name resolves anew. So each
connection of the thread is looked at where it is made, by an audit hook of the interpreter.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from monitoring.address import Address, networks
from monitoring.conf import get_config
from monitoring.forms import Network

from .errors import BlockedAddressError
from .reach import Reach, is_allowed, reach_of

_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_INTERNET = (socket.AF_INET, socket.AF_INET6)


class Guard:
    """What the connections of a thread are held to.

    Args:
        allow_private: Whether they may lead into private networks.
        allowed: Networks that they may lead to in any case.

    Attributes:
        allow_private: The same; who follows a redirect may take it back.
        refused: Why the last one that was refused was, since libraries make other errors of it; empty if none was.
        went_public: Whether one led to a public address.
    """

    def __init__(self, allow_private: bool, allowed: tuple[Network, ...]) -> None:
        self.allow_private, self._allowed = allow_private, allowed
        self.refused = ""
        self.went_public = False

    def check(self, family: int, address: Any) -> None:
        """Let a connection be made, or not.

        Args:
            family: That of the socket.
            address: What the socket was given.

        Raises:
            BlockedAddressError: It must not be made.
        """
        if family not in _INTERNET:
            if not self.allow_private:
                self._refuse("What is to be reached is on this machine.")
            return
        found = _literal(address)
        if found is None:  # a name would be resolved after this, to whatever
            self._refuse("A connection was to be made by name.")
        elif not is_allowed(found, self.allow_private, self._allowed):
            self._refuse("Its address is not a public one; OUTBOUND_ALLOWED_NETWORKS may allow it.")
        elif reach_of(found) is Reach.PUBLIC:
            self.went_public = True

    def _refuse(self, why: str) -> None:
        self.refused = why
        raise BlockedAddressError(why)


class _Held(threading.local):
    guard: Guard | None = None


_held = _Held()
_installing = threading.Lock()
_installed = False


@contextlib.contextmanager
def guarded(allow_private: bool = False) -> Iterator[Guard]:
    """Hold all connections that this thread makes within the block to public addresses.

    Those to `OUTBOUND_ALLOWED_NETWORKS` are allowed as well. Do nothing else in the block: what connects to Redis is
    held to it too. Connections of threads that the block starts are not.

    Args:
        allow_private: Whether private networks may be reached as well, because an operator chose the address. What is
            link-local, such as the metadata of clouds, may not even then. Within another block it takes both.

    Yields:
        What tells whether a connection was refused: libraries may hide the `BlockedAddressError`.
    """
    _install()
    outer = _held.guard
    if outer is not None:
        allow_private = allow_private and outer.allow_private
    _held.guard = Guard(allow_private, networks(get_config().outbound_allowed_networks))
    try:
        yield _held.guard
    finally:
        _held.guard = outer


def _install() -> None:
    """Add the hook, which nothing can take away again, to processes that need it."""
    global _installed  # noqa: PLW0603
    with _installing:
        if not _installed:
            sys.addaudithook(_audit)
            _installed = True


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _EVENTS and (guard := _held.guard) is not None:
        connection, address = arguments[0], arguments[1]
        if address is not None:  # a message on a socket that is connected
            guard.check(connection.family, address)


def _literal(address: Any) -> Address | None:
    """Return the address that a socket was given; None for a name."""
    host = address[0] if isinstance(address, tuple) and address else None
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("latin-1")
    if not isinstance(host, str):
        return None
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None
