"""Heartbeats: who lives, how long ago they said so by the server's own clock, and what they said of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from .connection import Client

Kind = Literal["worker", "beat"]
KEEP_SECONDS = 86_400
"""For so long the last words of the dead are kept."""
_FORGOTTEN_AT_ONCE = 100

# The time is the server's: clocks of two machines differ by more than a heartbeat's interval.
_BEAT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3] * 1000, 'LIMIT', 0, ARGV[4])) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[2], gone)
end
"""


@dataclass(frozen=True)
class Heartbeat:
    """The last heartbeat of a process.

    Attributes:
        kind: `worker` or `beat`.
        node: Name of the process, unique within its kind, such as `celery@host`.
        age: Seconds since then.
        state: What it said of itself.
    """

    kind: Kind
    node: str
    age: float
    state: Mapping[str, Any]

    @property
    def alive(self) -> bool:
        """Whether it said so within three of its own intervals, and has not said goodbye."""
        return not self.state.get("closing") and self.age <= 3 * self.interval

    @property
    def interval(self) -> float:
        """Seconds between two of its heartbeats."""
        stated = self.state.get("interval")
        return float(stated) if isinstance(stated, int | float) and stated > 0 else 3.0


def _keys(prefix: str) -> tuple[str, str]:
    return f"{prefix}:heartbeats", f"{prefix}:heartbeats:state"


def send(client: Client, prefix: str, kind: Kind, node: str, state: Mapping[str, Any]) -> None:
    """Say that a process lives.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation.
        kind: What the process is.
        node: Its name.
        state: What it says of itself; plain JSON.
    """
    client.eval(
        _BEAT,
        2,
        *_keys(prefix),
        f"{kind}:{node}",
        cast(Any, msgspec.json.encode(state)),
        KEEP_SECONDS,
        _FORGOTTEN_AT_ONCE,
    )


def read(client: Client, prefix: str) -> list[Heartbeat]:
    """Return the last heartbeat of everybody who sent one within a day, in the order of their names."""
    times, states = _keys(prefix)
    with client.pipeline(transaction=True) as pipeline:
        pipeline.time()
        pipeline.zrange(times, 0, -1, withscores=True)
        pipeline.hgetall(states)
        (seconds, microseconds), beats, said = pipeline.execute()
    now = seconds * 1000 + microseconds / 1000
    found = []
    for member, at in beats:
        kind, _, node = member.decode("utf-8", "replace").partition(":")
        state = _state(said.get(member, b""))
        if kind in ("worker", "beat") and state is not None:
            found.append(Heartbeat(kind, node, max(0.0, (now - at) / 1000), state))
    return sorted(found, key=lambda one: (one.kind, one.node))


def _state(said: bytes) -> dict[str, Any] | None:
    """Decode what a process said of itself; None for what is not ours."""
    try:
        state = msgspec.json.decode(said)
    except msgspec.DecodeError:
        return None
    return state if isinstance(state, dict) else None


def forget(client: Client, prefix: str, kind: Kind, node: str) -> None:
    """Forget a process, such as a worker that will not come back under this name."""
    times, states = _keys(prefix)
    with client.pipeline(transaction=True) as pipeline:
        pipeline.zrem(times, f"{kind}:{node}")
        pipeline.hdel(states, f"{kind}:{node}")
        pipeline.execute()
