"""A broker that takes connections and then stops answering, at once or at a word."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit


class HungBroker:
    """Passes bytes to a real Redis until a client says the word; from then on it keeps silent."""

    def __init__(self, redis_url: str, silent_from: bytes) -> None:
        parts = urlsplit(redis_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._word = silent_from
        self._listener = socket.create_server(("127.0.0.1", 0))
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        self.url = parts._replace(netloc=f"{login}127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=self._to_client, args=(server, client), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            while data := _receive(client):
                if self._word in data:
                    while _receive(client):
                        continue
                    return
                server.sendall(data)

    def _to_client(self, server: socket.socket, client: socket.socket) -> None:
        while data := _receive(server):
            client.sendall(data)


def _receive(peer: socket.socket) -> bytes:
    try:
        return peer.recv(65536)
    except OSError:
        return b""
