"""The thread by which a worker or beat says that it lives, whatever its main thread or its greenlets are busy with."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import redis

from monitoring.conf import get_config
from monitoring.stream import heartbeats
from monitoring.stream.connection import Client, connect

from . import decisions, liveness
from .effects import effects
from .native import NativeThread
from .recorder import recorder

_GOODBYE_SECONDS = 1.0
_of_process: dict[int, Pulse] = {}
"""The pulse by the process that it runs in: a forked child has inherited the object, but not its thread."""


class Pulse:
    """Sends a heartbeat at once, every interval, and a last one when the process says goodbye.

    Args:
        kind: What the process is.
        node: Its name.
        describe: Returns what it says of itself, as plain JSON; called on the pulse's thread.
        stuck: Whether the process should be restarted although this thread of it lives; called on the pulse's thread.
    """

    def __init__(
        self,
        kind: heartbeats.Kind,
        node: str,
        describe: Callable[[], dict[str, Any]],
        stuck: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kind = kind
        self._node = node
        self._describe = describe
        self._stuck = stuck
        self._client: Client | None = None
        self._thread = NativeThread(self._run)

    def start(self) -> None:
        """Begin."""
        _of_process[os.getpid()] = self
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye; where Redis does not answer, the process ends without one."""
        _of_process.clear()
        self._thread.end(_GOODBYE_SECONDS)

    def wake(self) -> None:
        """Send a heartbeat at once: something of what it says has changed."""
        self._thread.wake()

    def _run(self) -> None:
        interval = get_config().heartbeat_interval
        while True:
            closing = self._thread.over
            self._beat(closing=closing)
            if closing:
                return
            self._thread.pause(interval)

    def _beat(self, *, closing: bool) -> None:
        config = get_config()
        if not self._stuck():
            liveness.sign(config.heartbeat_file)
        try:
            if self._client is None:
                self._client = connect(config.redis_url, min(config.send_timeout, _GOODBYE_SECONDS))
            said = {
                "interval": config.heartbeat_interval,
                "closing": closing,
                "service": config.service,
                "decisions": decisions.copy.describe(),
                "effects": effects.applied(),
                "can": effects.capabilities(),
            }
            state = self._describe() | said
            heartbeats.send(self._client, config.stream_prefix, self._kind, self._node, state)
        except (redis.RedisError, OSError):  # nothing is lost: the next heartbeat says the same, and more
            self._client = None
        except Exception:  # a pool that tells nothing of itself must not make its worker look dead for good
            recorder.failed()


def current() -> Pulse | None:
    """Return the pulse of this very process, or None where it has none."""
    return _of_process.get(os.getpid())
