"""What a process that answers requests says of itself every few seconds, on the thread that follows the decisions."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import time

import redis

from monitoring.conf import Config
from monitoring.recording import node
from monitoring.recording.decisions import copy
from monitoring.stream import heartbeats
from monitoring.stream.connection import Client

_SLOWER = 3
"""A web process says so that many times less often than a worker: nothing is lost with it but its share of a limit."""


class Server:
    """What serves requests in this process, once one came."""

    kind = ""
    """`wsgi` or `asgi`; empty before the first request."""


class Presence:
    """The heartbeats of this process.

    Args:
        config: This installation's settings.
    """

    def __init__(self, config: Config) -> None:
        self._prefix = config.stream_prefix
        self._interval = config.heartbeat_interval * _SLOWER
        self._node, self._instance = node.name(), secrets.token_hex(6)
        self._started = time.time()
        self._sent = -self._interval
        self._told: dict[str, object] = {}

    def visit(self, client: Client) -> float:
        """Send a heartbeat, if one is due: sooner where decisions were taken over that nobody was told of.

        Returns:
            Seconds until the next one is.
        """
        held = copy.describe()
        pause = self._interval if held == self._told else self._interval / _SLOWER
        left = self._sent + pause - time.monotonic()
        if left > 0:
            return left
        self._sent, self._told = time.monotonic(), held
        with contextlib.suppress(redis.ResponseError):  # a Redis that takes nothing more can still be read
            heartbeats.send(client, self._prefix, "web", self._node, self._describe())
        return self._interval

    def leave(self, client: Client) -> None:
        """Say goodbye: the others share what this process was allowed to let through."""
        heartbeats.leave(client, self._prefix, "web", self._node, self._instance)

    def _describe(self) -> dict[str, object]:
        return {
            "instance": self._instance,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": self._started,
            "interval": self._interval,
            "server": Server.kind,
            "supervised": "gunicorn.arbiter" in sys.modules,
            "decisions": self._told,
        }
