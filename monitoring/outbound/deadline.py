"""A deadline for whole exchanges over HTTP: connections are ended at it, whatever the other side does.

Timeouts of sockets begin anew with each byte: who sends headers or a body slowly enough is never late by them.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter

_AGAIN = 0.2


class Deadline:
    """Ends the connections of its adapters when the time is over.

    Args:
        until: When that is, in seconds of the monotonic clock.
    """

    def __init__(self, until: float) -> None:
        self._until = until
        self._sockets: list[socket.socket] = []
        self._over = threading.Event()

    def left(self) -> float:
        """Return how many seconds are left; none or fewer when the time is over."""
        return self._until - time.monotonic()

    def adapter(self) -> HTTPAdapter:
        """Return an adapter whose connections end in time."""
        return _Adapter(self._sockets)

    def watch(self) -> None:
        """Begin to look after the connections; `forget` has to follow."""
        threading.Thread(target=self._watch, name="enginel-deadline", daemon=True).start()

    def forget(self) -> None:
        """Look after them no more."""
        self._over.set()
        for held in self._sockets:
            held.close()

    def _watch(self) -> None:
        # Again and again: one that was being made at the deadline comes into being after it.
        while not self._over.wait(max(self.left(), _AGAIN)):
            if self.left() <= 0:
                for held in self._sockets.copy():
                    with contextlib.suppress(OSError):  # it has ended by itself
                        held.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Keeps hold of the sockets that it opens."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if not issubclass(pool.ConnectionCls, _Held):  # a new pool
            pool.ConnectionCls = type("HeldConnection", (_Held, pool.ConnectionCls), {"sockets": self._sockets})
        return pool


class _Held:
    """What a class of connections becomes, so that each can be ended by another thread.

    A duplicate of the socket is held, since the connection gives its own away: to TLS, or to the answer.
    """

    sockets: list[socket.socket]

    def _new_conn(self) -> socket.socket:
        opened: socket.socket = super()._new_conn()  # type: ignore[misc]  # that of urllib3
        self.sockets.append(opened.dup())
        return opened
