"""Where the outcome of a recovery is looked for: the list `outcome:<error id>` in Redis, for a limited time.

This is the one place in which a monitored process waits for Redis on a caller's thread.
"""

from __future__ import annotations

import json
import time

import redis

from monitoring.conf import Config
from monitoring.stream.connection import connect

from . import member

_SPARE_SECONDS = 0.1
"""So much before the caller goes on Redis answers that nothing came: the connection would end then."""


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
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    # A connection of its own, as nothing on it may take longer than this caller waits, whatever Redis does meanwhile.
    client = connect(config.redis_url, left)
    try:
        found = client.blpop([key(config.stream_prefix, error_id)], timeout=left - min(_SPARE_SECONDS, left / 10))
    except (redis.RedisError, OSError):
        return None
    finally:
        client.close()
    try:
        return member.read(json.loads(found[1])) if found else None
    except (ValueError, TypeError, IndexError):
        return None
