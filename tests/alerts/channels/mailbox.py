"""A real SMTP server that keeps what it is sent, and refuses what a test wants refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mailbox:
    """What came, and what is answered.

    Attributes:
        recipients: Answers to `RCPT`, by address.
        data: Answer to the mail itself; empty for one that takes it.
        farewell: Whether `QUIT` is answered; else the connection is cut.
    """

    recipients: dict[str, str] = field(default_factory=dict)
    data: str = ""
    farewell: bool = True
    received: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    host: str = "127.0.0.1"
    port: int = 0

    @classmethod
    @contextlib.contextmanager
    def serve(cls) -> Iterator[Mailbox]:
        """Serve until the block ends."""
        mailbox = cls()
        controller = Controller(mailbox, hostname=mailbox.host, port=_free_port(), server_hostname="mail.example.com")
        controller.start()
        mailbox.port = controller.port
        try:
            yield mailbox
        finally:
            controller.stop()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        answer = self.recipients.get(address, "")
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data:
            return self.data
        self.received.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 OK"

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        if not self.farewell:
            server.transport.abort()
        return "221 Bye"

    def mails(self) -> list[EmailMessage]:
        """Return what came, parsed."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(content) for _, _, content in self.received]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
