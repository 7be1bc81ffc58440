"""Queues in RabbitMQ: what waits, by a passive declaration, and what is held, by the management API where there is one.

No message is ever fetched: putting one back marks it as redelivered.
"""

from __future__ import annotations

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .reading import Reading, Survey

_SECONDS = 0.8
_MANAGEMENT_SECONDS = 0.4
_MAX_ANSWER_BYTES = 8 * 1024 * 1024
_ABSENT_SECONDS = 60.0
_MAX_ABSENT = 1_000
_NOT_FOUND = 404


class RabbitBroker:
    """A connection to RabbitMQ.

    Args:
        connection: kombu's connection, not yet connected, with short time limits.
        management_url: Address of the management API with user and password; empty where there is none.
    """

    def __init__(self, connection: Any, management_url: str) -> None:
        self._management_url = management_url
        self._transport = connection.transport
        self._vhost = connection.virtual_host or "/"
        self._connection = self._transport.establish_connection()
        self._channel: Any = None
        self._absent: dict[str, float] = {}

    def read(self, names: Sequence[str]) -> Survey:
        """Look at queues, one by one; those that time runs out for are missing from the answer."""
        deadline, unacked = time.monotonic() + _SECONDS, self._unacked()
        found: dict[str, Reading] = {}
        for name in names:
            if time.monotonic() > deadline:
                break
            found[name] = self._declared(name, unacked)
        return Survey("amqp", time.time(), found)

    def _declared(self, name: str, unacked: Mapping[str, int] | None) -> Reading:
        """Ask for a queue without creating or changing it. One that does not exist is empty."""
        absent = Reading(unacked=None if unacked is None else 0, consumers=0)
        if self._absent.get(name, 0.0) > time.monotonic():
            return absent
        if self._channel is None:
            self._channel = self._transport.create_channel(self._connection)
        try:
            declared = self._channel.queue_declare(queue=name, passive=True)
        except self._transport.channel_errors as error:
            self._channel = None  # the server closes the channel of whoever asks for what it refuses
            if getattr(error, "reply_code", None) == _NOT_FOUND and len(self._absent) < _MAX_ABSENT:
                self._absent[name] = time.monotonic() + _ABSENT_SECONDS
            return absent
        return Reading(
            depth=declared.message_count,
            unacked=None if unacked is None else unacked.get(name, 0),
            consumers=declared.consumer_count,
        )

    def _unacked(self) -> dict[str, int] | None:
        """Ask the management API how many messages of each queue are held; None where nobody knows."""
        if not self._management_url:
            return None
        try:
            queues = json.loads(_fetch(self._management_url, f"api/queues/{quote(self._vhost, safe='')}"))
            return {str(queue["name"]): int(queue.get("messages_unacknowledged", 0)) for queue in queues}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # it is an extra, which may be away
            return None

    def unacked_holds(self, ids: Collection[str]) -> dict[str, float] | None:  # noqa: ARG002  # nobody can say
        """Return None: what a dead worker held is delivered again at once."""
        return None

    def waiting_again(self, wanted: Collection[tuple[str, str]]) -> set[str] | None:  # noqa: ARG002  # nobody can say
        """Return None: nobody can look into a queue without taking from it."""
        return None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close_connection(self._connection)


def _fetch(url: str, path: str) -> bytes:
    """Read from the management API, which takes the user and password of its URL."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = "columns=name,messages_unacknowledged"
    address = urlunsplit((parts.scheme, host, f"{parts.path.rstrip('/')}/{path}", query, ""))
    if parts.scheme not in ("http", "https"):
        raise ValueError("the management URL is none of HTTP")
    request = urllib.request.Request(address)  # noqa: S310  # the scheme was looked at
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=_MANAGEMENT_SECONDS) as answer:  # noqa: S310
        body: bytes = answer.read(_MAX_ANSWER_BYTES + 1)
    if len(body) > _MAX_ANSWER_BYTES:
        raise ValueError("the management API says too much")
    return body
