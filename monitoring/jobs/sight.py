"""What a watch sees of the platform: who lives, and how far intake has read."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import redis

from monitoring.conf import Config
from monitoring.stream import backlog, heartbeats, streams
from monitoring.stream.connection import Client, connect
from monitoring.stream.heartbeats import Heartbeat

_FRESH_SECONDS = 1.0
_TIMEOUT = 1.0


@dataclass(frozen=True)
class Sight:
    """One look at Redis.

    Attributes:
        at: When, in seconds since the epoch.
        heartbeats: The last one of everybody who sent one within a day; of several processes of one name the latest.
        instances: Heartbeats of all workers' processes, also those that others of their name have followed.
        behind: Seconds for which the oldest event has waited to be taken in; 0 when none waits.
    """

    at: float
    heartbeats: Sequence[Heartbeat]
    behind: float
    instances: Mapping[tuple[str, str], Heartbeat] = field(default_factory=dict)

    @property
    def workers(self) -> dict[str, Heartbeat]:
        """Heartbeats of workers by their node names."""
        return {one.node: one for one in self.heartbeats if one.kind == "worker"}


_lock = threading.Lock()
_last: dict[tuple[str, str], Sight] = {}
_failed: dict[tuple[str, str], float] = {}


def look(config: Config) -> Sight:
    """Return what is to be seen now; what was seen within this second is not looked at again.

    Raises:
        redis.RedisError: Redis does not answer; known within a second, however many ask.
    """
    key = (config.redis_url, config.stream_prefix)
    with _lock:
        if time.monotonic() - _failed.get(key, -_FRESH_SECONDS) < _FRESH_SECONDS:
            raise redis.ConnectionError("Redis did not answer a moment ago")
        seen = _last.get(key)
        if seen is None or not 0 <= time.time() - seen.at < _FRESH_SECONDS:
            _last.clear()
            _failed.clear()
            try:
                seen = _last[key] = _look(config)
            except (redis.RedisError, OSError):
                _failed[key] = time.monotonic()
                raise
        return seen


def _look(config: Config) -> Sight:
    client = client_of(config.redis_url)
    beats = heartbeats.read_all(client, config.stream_prefix)
    waiting = backlog.waiting(client, streams.existing(client, config.stream_prefix, config.shards))
    behind = max((one.age for one in waiting.values()), default=0.0)
    latest = {(one.kind, one.node): one for one in beats}
    instances = {(one.node, one.instance): one for one in beats if one.kind == "worker"}
    return Sight(time.time(), list(latest.values()), behind, instances)


def forget() -> None:
    """Look anew the next time."""
    with _lock:
        _last.clear()
        _failed.clear()


@cache
def client_of(url: str) -> Client:
    """Return this process's client for looking."""
    return connect(url, _TIMEOUT, 2)
