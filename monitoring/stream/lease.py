"""A lease in Redis: who does a piece of work for now. Economy, never correctness."""

from __future__ import annotations

import contextlib
import math
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from .connection import Client

_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


@contextmanager
def lease(client: Client, key: str, seconds: float, most: float = math.inf) -> Iterator[bool]:
    """Try to take a lease; the block sees whether it was taken, and it is given back afterwards.

    It is renewed while the process lives, so that it ends when its holder dies, and no longer than `most`, so that work
    that hangs does not keep others from theirs for ever.

    Args:
        client: Connection to Redis, with room for one command beside those of the block.
        key: Key that stands for the work.
        seconds: After which the lease ends by itself, should its holder die.
        most: Seconds from which on it is not renewed any more.
    """
    token, milliseconds = secrets.token_hex(8), int(seconds * 1000)
    if not client.set(key, token, nx=True, px=milliseconds):
        yield False
        return
    over = threading.Event()

    def renew() -> None:
        end = time.monotonic() + most
        while not over.wait(seconds / 3) and time.monotonic() < end:
            with contextlib.suppress(redis.RedisError):  # the next time may do
                client.eval(_RENEW, 1, key, token, milliseconds)

    renewing = threading.Thread(target=renew, name="enginel-lease", daemon=True)
    renewing.start()
    try:
        yield True
    finally:
        over.set()
        renewing.join()
        client.eval(_RELEASE, 1, key, token)
