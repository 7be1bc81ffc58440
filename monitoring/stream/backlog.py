"""How long entries have waited in the event streams, by the server's own clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from .connection import Client
from .streams import Stream

# Only ids travel: an entry may hold a hundred kilobytes.
_OLDEST = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for place, key in ipairs(KEYS) do
  local first = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
  local age = first and now - tonumber(string.match(first[1], '^%d+')) or -1
  found[place * 2 - 1] = age
  found[place * 2] = redis.call('XLEN', key)
end
return found
"""


@dataclass(frozen=True)
class Waiting:
    """What waits in one stream.

    Attributes:
        entries: How many.
        age: Seconds since the oldest one was appended; 0 where none waits.
    """

    entries: int
    age: float


def waiting(client: Client, streams: Iterable[Stream]) -> dict[Stream, Waiting]:
    """Say of each stream what waits in it, with one command."""
    asked = list(streams)
    answer = cast(list[int], client.eval(_OLDEST, len(asked), *(stream.key for stream in asked)))
    pairs = zip(answer[::2], answer[1::2], strict=True)
    return {stream: Waiting(entries, max(0, age) / 1000) for stream, (age, entries) in zip(asked, pairs, strict=True)}
