"""Keeps this process's copy of the snapshot up to date: one small GET a second, from a thread of its own.

The thread starts when somebody first asks, never raises, and ends with the process. Readers look at the copy and
touch nothing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from monitoring.conf import Config
from monitoring.stream import snapshots
from monitoring.stream.connection import Client, connect
from monitoring.stream.snapshots import Held

from .snapshot import Part, decode, parts

POLL_SECONDS = 1.0
TIMEOUT = 0.5
SILENT_SECONDS = 2 * (POLL_SECONDS + TIMEOUT)
"""Without an answer for so long, Redis is away: one poll that fails is none."""


@dataclass(frozen=True)
class Copy:
    """The snapshot as this process knows it.

    Attributes:
        version: Its number.
        parts: Every component.
        seen: When it was published, on this process's monotonic clock.
    """

    version: int
    parts: dict[str, Part]
    seen: float


class Follower:
    """Follows the snapshot for one process.

    Attributes:
        copy: The last snapshot; None while none was seen.
        answered: When Redis last answered, on the monotonic clock; None if it never did.
        asked: Set after the first question, whatever came of it.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self.copy: Copy | None = None
        self.answered: float | None = None
        self.asked = threading.Event()
        self._config = config
        self._clock = clock
        self._over = threading.Event()
        self._client: Client | None = None

    def start(self) -> None:
        """Begin to follow."""
        threading.Thread(target=self._follow, name="enginel-health", daemon=True).start()

    def stop(self) -> None:
        """End the thread, soon."""
        self._over.set()

    def poll(self) -> None:
        """Ask once. Never raises."""
        try:
            held, age = self._ask()
            self.answered = self._clock()
            if held is not None and (self.copy is None or self.copy.version != held.version):
                snapshot = decode(held.body)
                if snapshot is not None:
                    self.copy = Copy(held.version, parts(snapshot.checks.values()), self.answered - age)
        except Exception:  # whatever it is, readers see that nothing came
            self._disconnect()
        finally:
            self.asked.set()

    def _ask(self) -> tuple[Held | None, float]:
        """Read the snapshot; the first time with its age, as it may have been there for long."""
        if self._client is None:
            self._client = connect(self._config.redis_url, TIMEOUT)
        if self.copy is None:
            return snapshots.read_with_age(self._client, self._config.stream_prefix)
        return snapshots.read(self._client, self._config.stream_prefix), 0.0

    def _follow(self) -> None:
        while not self._over.is_set():
            self.poll()
            self._over.wait(POLL_SECONDS)
        self._disconnect()

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                client.connection_pool.disconnect()
