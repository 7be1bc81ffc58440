"""This process's own copy of the decisions, and the thread that keeps it up to date.

`copy.get(kind, key)` is a few look-ups in dictionaries: no network, no lock, however many decisions there are. While
Redis is away the copy serves on, each decision until its own expiry; a process that has not read them yet knows none.

Whoever goes by decisions says so once with `copy.follow()`. The thread then starts with that of the recorder, at the
first event of each process, and so never in a process that only forks others. It also has the effects applied that are
among the decisions.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import redis

from monitoring.conf import Config
from monitoring.stream.connection import Client, connect, interrupt
from monitoring.stream.decisions import Entry, Replica
from monitoring.stream.projection import difference

from .effects.held import Effects, effects
from .native import NativeThread

_LISTEN_SECONDS = 10.0
"""So long one read waits; after it, what was written last is looked at, as a failover wakes nobody up."""
_ANSWER_SECONDS = 2.0
_GATHER_SECONDS = 0.02
_RETRY_SECONDS = 1.0
_CLOSE_SECONDS = 1.0
_SHORTEST_SECONDS = 0.1
_NONE: Mapping[str, Entry] = MappingProxyType({})


class Companion(Protocol):
    """What else the thread does with its connection to Redis."""

    def visit(self, client: Client) -> float:
        """Do what is due; return the seconds until something is again."""

    def leave(self, client: Client) -> None:
        """Do what is left to be done when the process ends."""


class Follower:
    """The thread that keeps the copy up to date. It never raises, and reconnects for as long as it takes.

    Args:
        config: This installation's settings.
        failed: Counts what went wrong here, Redis being away apart.
        applied: The effects that it has applied.
        companion: What else it does.
    """

    def __init__(
        self,
        config: Config,
        failed: Callable[[], None],
        applied: Effects | None = None,
        companion: Companion | None = None,
    ) -> None:
        self.replica = Replica(config.stream_prefix, self._rest)
        self._config = config
        self._failed = failed
        self._effects = applied or Effects()
        self._mark: object = None
        self._companion = companion
        self._leaving = False
        self._client: Client | None = None
        self._woken = False
        self._thread = NativeThread(self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float = 0.0) -> None:
        """End the thread at once, and wait so many seconds at most until it has ended.

        Args:
            seconds: With none at all, there is no time for a goodbye either.
        """
        self._leaving = seconds > 0
        self._thread.end(0.0)
        client = self._client
        if client is not None:
            interrupt(client)
        self._thread.end(seconds)

    def _run(self) -> None:
        while not self._thread.over:
            try:
                self._effects.expire()  # also while Redis is away
                self._follow()
            except (redis.RedisError, OSError):
                self._disconnect()
                # Not all processes at once, when Redis is back.
                self._thread.pause(_RETRY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            except Exception:  # whatever it is, the copy serves on
                if not self._thread.over:
                    self._failed()
                self._disconnect()
                self._thread.pause(_RETRY_SECONDS)
        self._disconnect()
        if self._leaving and self._companion is not None:
            self._leave(self._companion)

    def _follow(self) -> None:
        """Read what was written, and wait for more."""
        if self._client is None:
            self._client = connect(self._config.redis_url, _LISTEN_SECONDS + _ANSWER_SECONDS)
        if self.replica.catch_up(self._client) is None and self._woken:
            self._thread.pause(_RETRY_SECONDS)  # a log without a head is left over from a loss: it wakes at once, again
        if self._mark is not self.replica.mark:
            self._mark = self.replica.mark
            self._effects.follow(self.replica.kinds)
        seconds = min(_LISTEN_SECONDS, max(self._effects.expire(), _SHORTEST_SECONDS))
        if self._companion is not None:
            seconds = min(seconds, max(self._companion.visit(self._client), _SHORTEST_SECONDS))
        if not self._thread.over:
            self._woken = self.replica.wait(self._client, seconds)
            self._thread.pause(_GATHER_SECONDS if self._woken else 0.0)

    def _rest(self, seconds: float) -> None:
        self._thread.pause(seconds)

    def _leave(self, companion: Companion) -> None:
        """Say goodbye over a connection that nobody has cut."""
        try:
            client = connect(self._config.redis_url, _CLOSE_SECONDS / 2)
            companion.leave(client)
            client.connection_pool.disconnect()
        except Exception:  # the process is ending; nothing may keep it
            self._failed()

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                client.connection_pool.disconnect()


class Copy:
    """The decisions as this process knows them.

    Args:
        applied: The effects that follow from them.
    """

    def __init__(self, applied: Effects | None = None) -> None:
        self._effects = applied or Effects()
        self._wanted = False
        self._companion: Callable[[Config], Companion] | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._beginning = threading.Lock()
        self._replica = Replica("")
        self._follower: Follower | None = None

    def get(self, kind: str, key: str) -> str | None:
        """Return what was decided, or None where nothing was, or nothing that is still in force.

        Args:
            kind: Kind of decision, such as `bug`.
            key: What it is about.
        """
        held = self._replica.kinds.get(kind)
        entry = held.get(key) if held is not None else None
        if entry is None:
            return None
        expires = entry.expires
        return entry.value if expires is None or time.time() * 1000 < expires else None

    def all(self, kind: str) -> Mapping[str, Entry]:
        """Return all decisions of a kind by key, expired ones among them. It changes meanwhile: look, do not walk."""
        return self._replica.kinds.get(kind, _NONE)

    @property
    def mark(self) -> object:
        """Another object after each change, for those who keep what follows from the decisions.

        None while nothing was read.
        """
        return self._replica.mark

    @property
    def epoch(self) -> str:
        """Epoch of what is held, or an empty string while nothing was read."""
        head = self._replica.head
        return head.epoch if head is not None else ""

    @property
    def number(self) -> int:
        """Number of the last change that is held, or 0."""
        head = self._replica.head
        return head.number if head is not None else 0

    def describe(self) -> dict[str, Any]:
        """Return what a heartbeat says of it, by which others know that a decision has arrived here."""
        return {"epoch": self.epoch, "number": self.number}

    def follow(self, companion: Callable[[Config], Companion] | None = None) -> None:
        """Say that this process, and those it forks, will ask; does nothing yet.

        Args:
            companion: Makes what else the thread does, once it starts.
        """
        self._wanted = True
        self._companion = companion or self._companion

    def begin(self, config: Config, failed: Callable[[], None]) -> None:
        """Start to follow, if somebody will ask: called when the recorder's thread starts.

        Args:
            config: This installation's settings.
            failed: Counts what goes wrong here, Redis being away apart.
        """
        if not self._wanted:
            return
        with self._beginning:  # the recorder's thread, and whoever follows from the start, must not both
            if self._follower is not None:
                return
            try:
                companion = self._companion(config) if self._companion is not None else None
                follower = Follower(config, failed, self._effects, companion)
                follower.start()
            except RuntimeError:  # no thread to be had: a process without decisions, which records all the same
                failed()
                return
            self._follower, self._replica = follower, follower.replica

    def take(self, wanted: Mapping[str, Mapping[str, Entry]]) -> None:
        """Hold these decisions of these kinds, without Redis: what eager mode does instead of projecting.

        Args:
            wanted: All decisions by kind and key.
        """
        self._replica.apply(difference(self._replica.kinds, wanted), self._replica.head)
        self._effects.follow(self._replica.kinds)

    def reset(self) -> None:
        """Forget everything and follow no more, until the recorder's thread starts anew: when settings change."""
        follower = self._follower
        self._begin_anew()
        if follower is not None:
            follower.stop()
        self._effects.forget()

    def close(self) -> None:
        """Follow no more: when the process ends."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.stop(_CLOSE_SECONDS)


copy = Copy(effects)
# A child has neither the thread nor a connection of its own; what its parent held may be old by the time it looks.
os.register_at_fork(after_in_child=copy._begin_anew)
atexit.register(copy.close)
