"""Those who get messages: a web server and a mail server on loopback, which note what arrives before they answer."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitoring.alerts.channels.base import Channel
from monitoring.alerts.channels.email import EmailChannel
from monitoring.alerts.channels.webhook import WebhookChannel


class Receiver(Protocol):
    """Someone who gets messages.

    Attributes:
        arrived: The key of each message, in the order in which they arrived.
        texts: What they say.
        kills: A process that ends as soon as the next message is here, before it learns of that.
    """

    arrived: list[str]
    texts: list[str]
    kills: int | None

    def channel(self) -> Channel: ...


class WebReceiver:
    """Takes webhooks, unless it is too busy."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.texts: list[str] = []
        self.kills: int | None = None
        self.busy: Callable[[], bool] = bool
        self._server = HTTPServer(host="127.0.0.1", threaded=True)
        self._server.expect_request("/alerts", method="POST").respond_with_handler(self._take)
        self._server.start()
        self.url = self._server.url_for("/alerts")

    def channel(self) -> Channel:
        return WebhookChannel(self.url, ["a secret of some length"])

    def close(self) -> None:
        self._server.stop()

    def _take(self, request: Request) -> Response:
        if self.busy():
            return Response(status=503)
        self.arrived.append(request.headers["Idempotency-Key"])
        self.texts.append(request.get_data(as_text=True))
        _kill(self)
        return Response(status=204)


class Mailbox:
    """Takes mails."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.texts: list[str] = []
        self.kills: int | None = None
        self._loop = asyncio.new_event_loop()
        server = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(server)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def channel(self) -> Channel:
        return EmailChannel("ops@example.com")

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail: Message = message_from_bytes(envelope.content, policy=default)
        self.arrived.append(mail["Message-ID"])
        self.texts.append(f"{mail['Subject']}\n{mail.get_body(('plain',)).get_content()}")  # type: ignore[attr-defined]
        _kill(self)
        return "250 OK"


def _kill(receiver: Receiver) -> None:
    if receiver.kills is not None:
        os.kill(receiver.kills, signal.SIGKILL)
        receiver.kills = None
