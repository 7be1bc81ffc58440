"""Where the outcome of a recovery is looked for: the list `outcome:<error id>` in Redis, for a limited time.

This is the one place in which a monitored process waits for Redis on a caller's thread.
"""

from __future__ import annotations

import json
import os
import time
from functools import lru_cache

import redis

from monitoring.conf import Config
from monitoring.stream.connection import Client, connect

from . import member
from .places import MOST

_SPARE_SECONDS = 1.0
"""So much longer than the longest wait a connection lasts without an answer."""
_LONGEST_SECONDS = 60.0


def key(prefix: str, error_id: str) -> str:
    """Return the key of an error's outcome.

    Args:
        prefix: That of all our keys.
        error_id: As 32 hexadecimal digits.
    """
    return f"{prefix}:outcome:{error_id}"


def wait(config: Config, error_id: str, deadline: float) -> member.Member | None:
    """Wait for an outcome.

    Args:
        config: This installation's settings.
        error_id: As 32 hexadecimal digits.
        deadline: When to go on, on the monotonic clock.

    Returns:
        What became of the error; None where that was not known in time, or Redis does not answer.
    """
    left = min(deadline - time.monotonic(), _LONGEST_SECONDS)
    if left <= 0:
        return None
    client = _client(config.redis_url, left)
    try:
        try:
            found = client.blpop([key(config.stream_prefix, error_id)], timeout=left)
        except redis.ConnectionError:  # it may be the connection alone that ended meanwhile
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            found = client.blpop([key(config.stream_prefix, error_id)], timeout=left)
    except (redis.RedisError, OSError):
        return None
    try:
        return member.read(json.loads(found[1])) if found else None
    except (ValueError, TypeError, IndexError):
        return None


def _client(url: str, seconds: float) -> Client:
    """Return a client whose connections last as long as the wait; a few lengths serve all."""
    return _connected(url, next(limit for limit in _LENGTHS if seconds <= limit) + _SPARE_SECONDS)


_LENGTHS = (1.0, 5.0, 15.0, _LONGEST_SECONDS)


@lru_cache(maxsize=len(_LENGTHS))
def _connected(url: str, seconds: float) -> Client:
    return connect(url, seconds, MOST)


os.register_at_fork(after_in_child=_connected.cache_clear)
