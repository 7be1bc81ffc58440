"""A TCP proxy on loopback that loses what it is told to lose."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit


class Fault(Enum):
    """What happens to the next bytes."""

    NONE = "everything passes"
    ANSWER_LOST = "the command passes, the connection is cut in place of its answer"
    ANSWER_FOREIGN = "the command passes, and what comes back is no answer to it"
    COMMAND_LOST = "the connection is cut in place of the command"
    AWAY = "new connections are cut at once, and old ones with their next byte"


class Proxy:
    """Stands between a client and a server. `fault` may change at any time; each cut is counted in `cuts`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()[:2]
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        self.url = urlunsplit(parts._replace(netloc=f"{login}{host}:{port}"))
        self.fault = Fault.NONE
        self.only_after = b""
        """A lost answer or command is one that holds these bytes."""
        self.cuts = 0
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.close()
        for one in self._sockets:
            _cut(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # the test is over
                return
            if self.fault is Fault.AWAY:
                self.cuts += 1
                _cut(client)
                continue
            server = socket.create_connection(self._target)
            self._sockets += (client, server)
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        """Pass commands on one by one: the clients of these tests wait for each answer."""
        answers = threading.Event()
        threading.Thread(target=self._answer, args=(server, client, answers), daemon=True).start()
        try:
            while command := client.recv(1 << 20):
                concerned = self.only_after in command
                if self.fault is Fault.AWAY or (self.fault is Fault.COMMAND_LOST and concerned):
                    self.cuts += 1
                    break
                if self.fault in {Fault.ANSWER_LOST, Fault.ANSWER_FOREIGN} and concerned:
                    answers.set()
                server.sendall(command)
        except OSError:
            pass
        if not answers.is_set():
            _cut(client)
            _cut(server)

    def _answer(self, server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
        try:
            while answer := server.recv(1 << 20):
                if lost.is_set():
                    self.cuts += 1
                    if self.fault is Fault.ANSWER_LOST:
                        break
                    answer = b"+OK\r\n"
                client.sendall(answer)
        except OSError:
            pass
        _cut(client)
        _cut(server)


def _cut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
