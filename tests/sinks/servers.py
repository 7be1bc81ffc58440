"""Syslog servers on loopback that keep what they get."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

SECONDS = 60.0


class Listener:
    """Takes connections, each read to its end.

    Attributes:
        came: What came, one for each connection or datagram.
        resets: Connections that are broken instead of ended, from now on.
    """

    def __init__(self, kind: socket.SocketKind, context: ssl.SSLContext | None = None) -> None:
        self.came: list[bytes] = []
        self.resets = 0
        self._more = threading.Condition()
        self._context = context
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            self._socket.listen()
        loop = self._streams if kind == socket.SOCK_STREAM else self._datagrams
        threading.Thread(target=loop, daemon=True).start()

    def wait(self, count: int) -> list[bytes]:
        """Return what came, once so much did."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.came) >= count, SECONDS)
            return list(self.came)

    def close(self) -> None:
        """Take no more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _keep(self, data: bytes) -> None:
        with self._more:
            self.came.append(data)
            self._more.notify_all()

    def _datagrams(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65_536):
                self._keep(data)

    def _streams(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        if self.resets:
            self.resets -= 1
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        data = bytearray()
        with connection:
            while more := connection.recv(65_536):
                data += more
            if isinstance(connection, ssl.SSLSocket):
                with contextlib.suppress(OSError):
                    connection.unwrap()
        self._keep(bytes(data))


def messages(stream: bytes) -> list[bytes]:
    """Take a stream of messages with counted octets apart."""
    found = []
    while stream:
        count, _, rest = stream.partition(b" ")
        found.append(rest[: int(count)])
        stream = rest[int(count) :]
    return found


@contextlib.contextmanager
def listening(kind: socket.SocketKind, context: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Listen for the time of a block."""
    listener = Listener(kind, context)
    try:
        yield listener
    finally:
        listener.close()


def served(folder: Path) -> ssl.SSLContext:
    """Return what serves with the certificate in a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
