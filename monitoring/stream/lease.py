"""A lease in Redis: who does a piece of work for now. Economy, never correctness."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from .connection import Client

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


@contextmanager
def lease(client: Client, key: str, seconds: float) -> Iterator[bool]:
    """Try to take a lease; the block sees whether it was taken, and it is given back afterwards.

    Args:
        client: Connection to Redis.
        key: Key that stands for the work.
        seconds: After which the lease ends by itself, should its holder die.
    """
    token = secrets.token_hex(8)
    taken = bool(client.set(key, token, nx=True, px=int(seconds * 1000)))
    try:
        yield taken
    finally:
        if taken:
            client.eval(_RELEASE, 1, key, token)
