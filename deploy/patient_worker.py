"""The worker of the web server: gunicorn's threads, which do not wait for a silent client without end.

A thread of gunicorn's own reads from its client for as long as that takes: as many stalled connections as there are
threads would end all service.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

PARTING = 2.0
"""How long, in seconds, a client may go on sending what nobody reads before its connection ends."""
SILENCE = 0.5
"""After how long without a byte it has nothing more to send."""


class Conversation(socket.socket):
    """A connection on which the head of a request has a limit altogether, and of a body every single wait."""

    patience: float
    head_until: float | None = None

    def recv(self, *args: Any) -> bytes:
        """Receive, or end the connection of a client that sends nothing."""
        # Gunicorn sets a limit of its own where it only drains what is left.
        if self.gettimeout() is None and not self._readable():
            self.hang_up()
            raise ConnectionResetError(errno.ECONNRESET, "The client stalled.")
        return super().recv(*args)

    def hang_up(self) -> None:
        """End both directions, so that nobody waits any more; the socket itself is closed by who owns it."""
        try:
            self.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # The client was faster.

    def part(self) -> None:
        """Say that no more will come, and let a client that is still sending read that.

        Who has sent everything loses nothing when it does not close at once.
        """
        deadline = time.monotonic() + PARTING
        try:
            self.shutdown(socket.SHUT_WR)
            self.settimeout(SILENCE)
            while time.monotonic() < deadline and super().recv(65536):
                continue
        except OSError:
            return  # Gone, or silent.
        finally:
            self.hang_up()

    def _readable(self) -> bool:
        seconds = self.patience if self.head_until is None else self.head_until - time.monotonic()
        poll = select.poll()
        poll.register(self, select.POLLIN)
        return bool(poll.poll(max(0, int(seconds * 1000))))


class PatientWorker(ThreadWorker):
    """Threads that serve conversations."""

    patience = 15.0

    def enqueue_req(self, conn: TConn) -> None:
        """Queue a connection for the threads; a new one becomes a conversation before."""
        if not isinstance(conn.sock, Conversation) and not conn.initialized:
            plain = conn.sock
            conn.sock = Conversation(plain.family, plain.type, plain.proto, fileno=plain.detach())
            conn.sock.patience = self.patience
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve one request, in a thread."""
        self._limit_head(conn, time.monotonic() + self.patience)
        outcome = super().handle(conn)
        if outcome is False and isinstance(conn.sock, Conversation):
            # The main thread would wait for the client to close, and accept nobody meanwhile.
            conn.sock.part()
        return outcome

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Let the application answer; the head is complete."""
        self._limit_head(conn, None)
        return super().handle_request(req, conn)

    @staticmethod
    def _limit_head(conn: TConn, until: float | None) -> None:
        if isinstance(conn.sock, Conversation):
            conn.sock.head_until = until
