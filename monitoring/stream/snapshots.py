"""The health snapshot in Redis: a small value with a version, written by compare-and-set, read by all web processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from .connection import Client

# The server's own time is stored with it, so that a reader learns the age without trusting two clocks.
_PUBLISH = """
local held = redis.call('GET', KEYS[1])
local version = held and string.match(held, '^%d+') or '0'
if version ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. now .. '\\n' .. ARGV[3])
return 1
"""


@dataclass(frozen=True)
class Held:
    """What lies in Redis.

    Attributes:
        version: Number of the snapshot, from 1.
        published: Milliseconds since the epoch, by the server's clock.
        body: The snapshot itself.
    """

    version: int
    published: int
    body: bytes


def _key(prefix: str) -> str:
    return f"{prefix}:health"


def publish(client: Client, prefix: str, expected: int, version: int, body: bytes) -> bool:
    """Replace the snapshot, if nobody has replaced it meanwhile.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation.
        expected: Version that was read, 0 for none.
        version: Version of the new one.
        body: The new one.

    Returns:
        Whether it was replaced.
    """
    return bool(client.eval(_PUBLISH, 1, _key(prefix), str(expected), str(version), cast(Any, body)))


def read(client: Client, prefix: str) -> Held | None:
    """Return the snapshot; None where there is none, or nothing that is one."""
    return _parse(cast(bytes | None, client.get(_key(prefix))))


def read_with_age(client: Client, prefix: str) -> tuple[Held | None, float]:
    """Return the snapshot, and for how many seconds it has been there by the server's clock."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.get(_key(prefix))
        pipeline.time()
        found, (seconds, microseconds) = pipeline.execute()
    held = _parse(found)
    age = seconds + microseconds / 1e6 - held.published / 1e3 if held else 0.0
    return held, max(0.0, age)


def _parse(value: bytes | None) -> Held | None:
    head, _, body = (value or b"").partition(b"\n")
    version, _, published = head.partition(b" ")
    if not version.isdigit() or not published.isdigit():
        return None
    return Held(int(version), int(published), body)
