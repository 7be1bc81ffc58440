"""Event streams: two per shard, appended to within a byte budget, read from the beginning, deleted by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import redis

from .connection import Client

MEASURES = "measures"
FACTS = "facts"
LANES = (MEASURES, FACTS)

Fields = dict[bytes, bytes]
_FIRST_PAGE = 16
"""Entries read before it is known how large they are."""


class StreamFullError(Exception):
    """The stream has used up its byte budget; nothing was appended."""


@dataclass(frozen=True)
class Stream:
    """One event stream.

    Attributes:
        prefix: First part of the keys of this installation.
        shard: Number of the shard, from 0.
        lane: `measures` or `facts`.
    """

    prefix: str
    shard: int
    lane: str

    @property
    def key(self) -> str:
        """Key of the stream in Redis."""
        return f"{self.prefix}:stream:{self.shard}:{self.lane}"

    @property
    def registry(self) -> str:
        """Key of the set that names every stream ever appended to."""
        return f"{self.prefix}:streams"


@dataclass(frozen=True)
class Entry:
    """One entry as it lies in the stream."""

    id: bytes
    fields: Fields

    @property
    def size(self) -> int:
        """Bytes of the entry's values."""
        return sum(map(len, self.fields.values()))


# The budget is looked at and the entry appended in one step; the registry is renewed each time, so that it survives a
# flushed server.
_APPEND = """
local budget = tonumber(ARGV[1])
local used = redis.call('MEMORY', 'USAGE', KEYS[1])
if used and used > budget then return false end
redis.call('SADD', KEYS[2], KEYS[1])
return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
"""


def append(client: Client, stream: Stream, fields: Mapping[str, str | bytes], budget: int) -> bytes:
    """Append one entry.

    Args:
        client: Connection to Redis.
        stream: Where to.
        fields: Names and values of the entry.
        budget: Bytes of memory the stream may use before it counts as full.

    Returns:
        The id Redis gave the entry.

    Raises:
        StreamFullError: The budget is used up; nothing was appended.
        redis.RedisError: The outcome is unknown, unless it is a `ResponseError`, which appended nothing.
    """
    arguments: list[str | bytes] = [str(budget)]
    for name, value in fields.items():
        arguments += (name, value)
    answer = cast(bytes | None, client.eval(_APPEND, 2, stream.key, stream.registry, *cast(list[Any], arguments)))
    if answer is None:
        raise StreamFullError(stream.key)
    if not isinstance(answer, bytes) or b"-" not in answer:
        raise redis.RedisError("what answered is no Redis")
    return answer


def read(client: Client, stream: Stream, entries: int, size: int, page: int = 500) -> list[Entry]:
    """Read from the beginning of the stream: at least one entry if there is any, then up to the budgets.

    Args:
        client: Connection to Redis.
        stream: Where from.
        entries: How many entries at most.
        size: Bytes of values after which no further page is read.
        page: Entries asked for in one call.
    """
    found: list[Entry] = []
    start, read_bytes, fitting = "-", 0, _FIRST_PAGE
    while len(found) < entries and (not found or read_bytes < size):
        count = max(1, min(page, entries - len(found), fitting))
        answer = cast(list[tuple[bytes, Fields]], client.xrange(stream.key, min=start, count=count))
        batch = [Entry(entry_id, fields) for entry_id, fields in answer]
        found += batch
        read_bytes += sum(entry.size for entry in batch)
        if len(batch) < count:
            break
        start = f"({batch[-1].id.decode()}"
        fitting = (size - read_bytes) * len(found) // max(1, read_bytes)
    return found


def wait(client: Client, stream: Stream, seconds: float) -> bool:
    """Wait until the stream has an entry; say whether it has one."""
    return bool(client.xread({stream.key: "0-0"}, count=1, block=max(1, int(seconds * 1000))))


def delete(client: Client, stream: Stream, ids: Iterable[bytes], page: int = 5_000) -> None:
    """Delete entries by id. Positions mean nothing here: after a failover ids can run backwards."""
    remaining = list(ids)
    for first in range(0, len(remaining), page):
        client.xdel(stream.key, *remaining[first : first + page])


def length(client: Client, stream: Stream) -> int:
    """Return how many entries wait in the stream."""
    return client.xlen(stream.key)


def forget(client: Client, stream: Stream) -> None:
    """Take a stream off the list of those that exist; who appends to it puts it there again."""
    client.srem(stream.registry, stream.key)


def existing(client: Client, prefix: str, configured_shards: int) -> set[Stream]:
    """Return every stream that is configured or was ever appended to."""
    streams = {Stream(prefix, shard, lane) for shard in range(configured_shards) for lane in LANES}
    for member in cast(set[bytes], client.smembers(f"{prefix}:streams")):
        if stream := parse_key(member.decode(errors="replace"), prefix):
            streams.add(stream)
    return streams


def parse_key(key: str, prefix: str) -> Stream | None:
    """Read a stream's key, or return None if it is none of this installation's."""
    head, _, tail = key.rpartition(":stream:")
    shard, _, lane = tail.partition(":")
    if head != prefix or lane not in LANES or not shard.isdecimal():
        return None
    return Stream(prefix, int(shard), lane)


def eviction_policy(client: Client) -> str | None:
    """Return Redis's `maxmemory-policy`, or None where the server does not tell."""
    try:
        return str(cast(dict[str, str], client.config_get("maxmemory-policy")).get("maxmemory-policy"))
    except redis.RedisError:
        return None
