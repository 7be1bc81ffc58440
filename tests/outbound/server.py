"""A web server of bytes: each connection is answered by what a test says, as slowly or endlessly as it likes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

Play = Callable[["Server", socket.socket], None]


class Server:
    """Listens on loopback.

    Attributes:
        requests: What came, in full, one for each connection.
        over: Set when the test is.
    """

    def __init__(
        self, play: Play, host: str = "127.0.0.1", reads: bool = True, context: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[str] = []
        self.over = threading.Event()
        self._play, self._reads, self._context = play, reads, context
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._context is not None:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
            if self._reads:
                self.requests.append(_request(connection))
            self._play(self, connection)


def _request(connection: socket.socket) -> str:
    read = b""
    while b"\r\n\r\n" not in read and (more := connection.recv(65_536)):
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]) and (more := connection.recv(65_536)):
                body += more
    return (head + b"\r\n\r\n" + body).decode("latin-1")


def says(status: int = 200, body: bytes = b"", **headers: str) -> Play:
    """Answer at once."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    def play(_server: Server, connection: socket.socket) -> None:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return play


def drips(begin: bytes, drop: bytes) -> Play:
    """Answer byte by byte, until the other side is gone or the test is over."""

    def play(server: Server, connection: socket.socket) -> None:
        connection.sendall(begin)
        while not server.over.wait(0.02):
            connection.sendall(drop)

    return play


def hangs(server: Server, _connection: socket.socket) -> None:
    """Answer nothing."""
    server.over.wait(60)


def in_turn(*plays: Play) -> Play:
    """Answer the first connection so, the second so, and so on."""
    left = list(plays)

    def play(server: Server, connection: socket.socket) -> None:
        left.pop(0)(server, connection)

    return play
