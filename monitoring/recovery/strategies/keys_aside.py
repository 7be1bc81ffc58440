"""Putting keys of a cache in Redis aside, so that they can be put back: renamed, never copied, and for a while only.

Only keys of one Django cache are touched, by its own prefix and version. Never is a database flushed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache

from monitoring.stream.connection import Client

from .base import RefusedError

MOST_KEYS = 50_000
MOST_IN_DATABASE = 2_000_000
"""Redis finds keys by a pattern only by looking at all of them."""
_SECONDS = 5.0
_CHUNK = 500
_PROBE = "probe"
_SPECIAL = re.compile(r"([\[\]*?\\^])")
_DONE = "done"
KEPT_BY_OTHERS = "django.contrib.sessions."
"""Keys of sessions: without them everybody would be signed out."""

# A key that another process writes meanwhile is a new one, and stays.
_PUT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[1])
local moved = 0
for place = 2, #KEYS do
  local key = KEYS[place]
  if redis.call('TYPE', key).ok == 'string' and redis.call('HEXISTS', KEYS[1], 'key:' .. key) == 0 then
    local left = redis.call('PTTL', key)
    redis.call('RENAME', key, ARGV[2] .. key)
    if left < 0 or left > window then redis.call('PEXPIRE', ARGV[2] .. key, window) end
    redis.call('HSET', KEYS[1], 'key:' .. key, left < 0 and -1 or now + left)
    moved = moved + 1
  end
end
redis.call('PEXPIRE', KEYS[1], window)
return moved
"""
_BACK = """
local back = 0
for place = 2, #KEYS do
  local key, until_ = KEYS[place], redis.call('HGET', KEYS[1], 'key:' .. KEYS[place])
  if until_ and redis.call('EXISTS', ARGV[1] .. key) == 1 and redis.call('RENAMENX', ARGV[1] .. key, key) == 1 then
    if until_ == '-1' then redis.call('PERSIST', key) else redis.call('PEXPIREAT', key, until_) end
    back = back + 1
  end
end
return back
"""


@dataclass(frozen=True)
class Found:
    """Keys of a cache.

    Attributes:
        client: Connection to where they lie.
        base: What all keys of the cache begin with.
        keys: Those that were looked for.
    """

    client: Client
    base: str
    keys: tuple[bytes, ...]


def base_of(cache: BaseCache, alias: str, reserved: str) -> str:
    """Return what all keys of a cache begin with.

    Args:
        cache: It.
        alias: Its name.
        reserved: What keys of Enginel's own begin with.

    Raises:
        RefusedError: Its keys cannot be told from those of others.
    """
    made = str(cache.make_key(_PROBE))
    base = made.removesuffix(_PROBE)
    if not base or base == made:
        raise RefusedError(f"Keys of the cache {alias!r} have no prefix by which they could be told from others'.")
    if f"{reserved}:".startswith(base) or base.startswith(f"{reserved}:"):
        raise RefusedError(f"Keys of the cache {alias!r} begin as those of Enginel do: {base!r}.")
    return base


def find(cache: RedisCache, alias: str, pattern: str, reserved: str) -> Found:
    """Find the keys of a cache that match a pattern, sessions apart.

    Raises:
        RefusedError: There are too many to look at, or to put aside.
        redis.RedisError: Redis does not answer.
    """
    base = base_of(cache, alias, reserved)
    client: Client = cache._cache.get_client(None, write=True)  # where it writes itself
    if client.dbsize() > MOST_IN_DATABASE:
        raise RefusedError(f"The database of the cache {alias!r} holds too many keys to look through.")
    sessions, deadline, keys = f"{base}{KEPT_BY_OTHERS}".encode(), time.monotonic() + _SECONDS, set[bytes]()
    for key in client.scan_iter(match=_SPECIAL.sub(r"\\\1", base) + pattern, count=1_000, _type="string"):
        if not key.startswith(sessions):
            keys.add(key)
        if len(keys) > MOST_KEYS or time.monotonic() > deadline:
            raise RefusedError(f"More keys of the cache {alias!r} match {pattern!r} than can be put aside.")
    return Found(client, base, tuple(sorted(keys)))


def put_aside(found: Found, index: str, seconds: float) -> int:
    """Put keys aside. What was put aside under this name already stays so, and nothing more is when all was.

    Args:
        found: The keys.
        index: Name under which it is remembered which.
        seconds: For how long they can be put back.

    Returns:
        How many are aside now, those of earlier times included.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    if found.client.hexists(index, _DONE):
        return aside(found.client, index) or 0
    for keys in _chunks(found.keys):
        found.client.eval(_PUT, 1 + len(keys), index, *cast(Any, keys), int(seconds * 1000), f"{index}:")
    if aside(found.client, index) is not None:
        found.client.hset(index, _DONE, "1")
    return aside(found.client, index) or 0


def aside(client: Client, index: str) -> int | None:
    """Return how many keys were put aside under a name; None where nothing is known of it any more."""
    fields = client.hlen(index)
    return fields - bool(client.hexists(index, _DONE)) if fields else None


def put_back(client: Client, index: str) -> int | None:
    """Put keys back, but those that were written anew meanwhile, and those that would have expired.

    Returns:
        How many are back; None where nothing is aside any more.
    """
    if not client.exists(index):
        return None
    fields = cast("list[bytes]", client.hkeys(index))
    keys = tuple(field.removeprefix(b"key:") for field in fields if field.startswith(b"key:"))
    back = 0
    for some in _chunks(keys):
        back += int(cast(int, client.eval(_BACK, 1 + len(some), index, *cast(Any, some), f"{index}:")))
        client.delete(*(f"{index}:".encode() + key for key in some))
    client.delete(index)
    return back


def _chunks(keys: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    for first in range(0, len(keys), _CHUNK):
        yield keys[first : first + _CHUNK]
