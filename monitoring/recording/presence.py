"""What a process says of itself every few seconds, on the thread that follows the decisions.

Workers' main processes and beats have a pulse of their own, which is woken here. All others that record tell of
themselves: those that answer requests, those of workers' pools, and scripts. What was applied is told at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

import redis

from monitoring.conf import Config, get_config
from monitoring.stream import heartbeats
from monitoring.stream.connection import Client

from . import node, pulse, supervision
from .decisions import Companion, copy
from .effects import effects
from .instance import name as process_name
from .recorder import recorder

_AWAITED = ("throttle", "circuit")
"""Kinds of decisions that somebody waits for to be in force everywhere, as recovery does."""
_MOST_THROTTLES = 200
"""So many throttles that are held are told by their ids, the latest."""
_SLOWER = 3
"""Such a process says so that many times less often than a worker: nothing is lost with it but its share of a limit."""


class Server:
    """What serves requests in this process, and those that it forks.

    Attributes:
        kind: `wsgi` or `asgi`; empty before the first request.
        installed: Whether a middleware of ours was loaded: this is a web process.
    """

    kind = ""
    installed = False


class Presence:
    """The heartbeats of this process.

    Args:
        config: This installation's settings.
    """

    def __init__(self, config: Config) -> None:
        self._prefix = config.stream_prefix
        self._service = config.service
        self._interval = config.heartbeat_interval * _SLOWER
        self._node, self._instance = node.name(), process_name()
        self._kind = _kind()
        self._started = time.time()
        self._sent = -self._interval
        self._told: dict[str, object] = {}
        self._awaited: object = None

    def visit(self, client: Client) -> float:
        """Send a heartbeat, if one is due: at once where effects were applied, sooner for anything else that is new.

        Returns:
            Seconds until somebody should look again.
        """
        said: dict[str, object] = {
            "decisions": copy.describe(),
            "effects": effects.applied(),
            "can": effects.capabilities(lasting=True),
            "server": Server.kind,
            "throttles": list(copy.all("throttle"))[-_MOST_THROTTLES:],
        }
        # It is this thread that changes them.
        awaited = [dict(copy.all(kind)) for kind in _AWAITED]
        soon = self._interval / _SLOWER
        left = self._sent + self._pause(said, soon) - time.monotonic()
        if left > 0 and awaited == self._awaited:
            return min(left, soon)
        self._sent, self._told, self._awaited = time.monotonic(), said, awaited
        with contextlib.suppress(redis.ResponseError):  # a Redis that takes nothing more can still be read
            self._send(client)
        return soon

    def _pause(self, said: dict[str, object], soon: float) -> float:
        """Return how long after the last heartbeat the next one is due."""
        if said == self._told:
            return self._interval
        return soon if said["effects"] == self._told.get("effects", {}) else 0.0

    def _send(self, client: Client) -> None:
        kind = _kind()
        if kind != self._kind:
            self.leave(client)
            self._kind = kind
        heartbeats.send(client, self._prefix, kind, self._node, self._describe())

    def leave(self, client: Client) -> None:
        """Say goodbye: the others share what this process was allowed to let through."""
        heartbeats.leave(client, self._prefix, self._kind, self._node, self._instance)

    def _describe(self) -> dict[str, object]:
        return {
            "instance": self._instance,
            "pid": os.getpid(),
            "parent": os.getppid(),
            "host": socket.gethostname(),
            "service": self._service,
            "started_at": self._started,
            "interval": self._interval,
            "supervised": supervision.of_server(),
            **self._told,
            "can": effects.capabilities(),
        }


class _Waker:
    """Has the pulse of this process tell at once what was applied."""

    def __init__(self, of: pulse.Pulse, seconds: float) -> None:
        self._pulse, self._seconds = of, seconds
        self._told: dict[str, str] = {}

    def visit(self, client: Client) -> float:
        del client
        applied = effects.applied()
        if applied != self._told:
            self._told = applied
            self._pulse.wake()
        return self._seconds

    def leave(self, client: Client) -> None:
        del client  # the pulse says goodbye itself


def instance() -> str:
    """Return what tells this process from all others in heartbeats."""
    return node.instance() if pulse.current() is not None else process_name()


def companion(config: Config) -> Companion:
    """Make what tells of this process: its pulse, where it has one."""
    beating = pulse.current()
    return _Waker(beating, config.heartbeat_interval) if beating is not None else Presence(config)


def serve() -> None:
    """Say that this process, or those that it forks, answer requests."""
    Server.installed = True
    copy.follow(companion)


def begin() -> None:
    """Follow the decisions from now on, also while nothing is recorded."""
    config = get_config()
    if config.enabled and not config.eager:
        copy.follow(companion)
        copy.begin(config, recorder.failed)


def _kind() -> heartbeats.Kind:
    return "web" if Server.installed else "process"
