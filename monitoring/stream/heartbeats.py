"""Heartbeats: who lives, how long ago they said so by the server's own clock, and what they said of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from .connection import Client

Kind = Literal["worker", "beat", "web", "process"]
KEEP_SECONDS = 86_400
"""For so long the last words of dead workers and beats are kept."""
_KEEP_PASSING_SECONDS = 600
"""Web processes and scripts come and go by the hundred, and nobody asks for one that is gone."""
_APART = ("web", "process")
"""Kinds whose heartbeats lie apart: whoever looks at workers need not read them."""
_FORGOTTEN_AT_ONCE = 100
_MAX_BYTES = 1_000_000
_MAX_TEXT, _MAX_ITEMS, _MAX_DEPTH = 200, 500, 4
_MAX_NUMBER = 2**53
_MAX_INTERVAL = 3_600
_AHEAD_MILLISECONDS = 60_000

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
        kind: `worker`, `beat`, `web` for a process that answers requests, or `process` for any other that records,
            such as a process of a worker's pool, or a script.
        node: Name of the process, such as `celery@host`; one that is restarted has it again.
        instance: What tells it from others of this name, before, after or beside it.
        age: Seconds since then.
        state: What it said of itself: plain values, bounded whatever was sent.
    """

    kind: Kind
    node: str
    age: float
    state: Mapping[str, Any]
    instance: str = ""

    @property
    def alive(self) -> bool:
        """Whether it said so within three of its own intervals, and has not said goodbye."""
        return not self.state.get("closing") and self.age <= 3 * self.interval

    @property
    def interval(self) -> float:
        """Seconds between two of its heartbeats."""
        stated = self.state.get("interval")
        return float(stated) if isinstance(stated, int | float) and 0 < stated <= _MAX_INTERVAL else 3.0


def _keys(prefix: str, kind: Kind) -> tuple[str, str]:
    times = f"{prefix}:heartbeats:{kind}" if kind in _APART else f"{prefix}:heartbeats"
    return times, f"{times}:state"


def send(client: Client, prefix: str, kind: Kind, node: str, state: Mapping[str, Any]) -> None:
    """Say that a process lives.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation.
        kind: What the process is.
        node: Its name.
        state: What it says of itself; what is no plain JSON, or too much of it, is left out. Its `instance` tells it
            from others of this name.
    """
    instance = str(state.get("instance") or "").replace(":", "")
    said = cast(Any, msgspec.json.encode(bounded(dict(state))))
    member = cast(Any, _member(kind, instance, node))
    keep = _KEEP_PASSING_SECONDS if kind in _APART else KEEP_SECONDS
    client.eval(_BEAT, 2, *_keys(prefix, kind), member, said, keep, _FORGOTTEN_AT_ONCE)


def _member(kind: Kind, instance: str, node: str) -> bytes:
    return f"{kind}:{instance}:{_text(node)}".encode()


def leave(client: Client, prefix: str, kind: Kind, node: str, instance: str) -> None:
    """Forget one process that ends, and of which nobody asks later.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation.
        kind: What the process is.
        node: Its name.
        instance: What tells it from others of this name.
    """
    times, states = _keys(prefix, kind)
    member = cast(Any, _member(kind, instance, node))
    with client.pipeline(transaction=True) as pipeline:
        pipeline.zrem(times, member)
        pipeline.hdel(states, member)
        pipeline.execute()


def read(client: Client, prefix: str) -> list[Heartbeat]:
    """Return the last heartbeat of each worker and beat, of those who sent one within a day, by kind and name."""
    return list({(one.kind, one.node): one for one in read_all(client, prefix)}.values())


def read_all(client: Client, prefix: str) -> list[Heartbeat]:
    """Return the heartbeats of all workers and beats of a day, by kind and name, who lives last of a name."""
    return _read(client, prefix, ("worker", "beat"))


def read_web(client: Client, prefix: str) -> list[Heartbeat]:
    """Return the last heartbeats of the processes that answer requests, those that died lately among them."""
    return _read(client, prefix, ("web",))


def read_processes(client: Client, prefix: str) -> list[Heartbeat]:
    """Return the last heartbeats of processes that are neither web, worker nor beat, such as those of pools."""
    return _read(client, prefix, ("process",))


def _read(client: Client, prefix: str, kinds: tuple[Kind, ...]) -> list[Heartbeat]:
    times, states = _keys(prefix, kinds[0])
    with client.pipeline(transaction=True) as pipeline:
        pipeline.time()
        pipeline.zrange(times, 0, -1, withscores=True)
        pipeline.hgetall(states)
        (seconds, microseconds), beats, said = pipeline.execute()
    now = seconds * 1000 + microseconds / 1000
    found = []
    for member, at in beats:
        kind, _, rest = member.decode("utf-8", "replace").partition(":")
        instance, _, node = rest.partition(":")
        state = _state(said.get(member, b""))
        if kind in kinds and state is not None and at <= now + _AHEAD_MILLISECONDS:
            found.append(Heartbeat(cast(Kind, kind), _text(node), max(0.0, (now - at) / 1000), state, instance[:40]))
    return sorted(found, key=lambda one: (one.kind, one.node, one.alive, -one.age))


def _state(said: bytes) -> dict[str, Any] | None:
    """Decode what a process said of itself; None for what is not ours."""
    if len(said) > _MAX_BYTES:
        return None
    try:
        state = bounded(msgspec.json.decode(said))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return state if isinstance(state, dict) else None


def bounded(value: Any, depth: int = 0) -> Any:
    """Copy plain values so that every reader, and the database, can take them: numbers, texts and lists in bounds."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple) and depth < _MAX_DEPTH:
        return [bounded(one, depth + 1) for one in value[:_MAX_ITEMS]]
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        return {_text(str(key)): bounded(one, depth + 1) for key, one in list(value.items())[:_MAX_ITEMS]}
    plain = isinstance(value, bool) or (isinstance(value, int | float) and -_MAX_NUMBER <= value <= _MAX_NUMBER)
    return value if plain else None


def _text(value: str) -> str:
    return value[:_MAX_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def forget(client: Client, prefix: str, kind: Kind, node: str, older: float = 0.0) -> None:
    """Forget every worker or beat of a name, such as a worker that will not come back.

    Args:
        client: Connection to Redis.
        prefix: First part of the keys of this installation.
        kind: What the processes are.
        node: Their name.
        older: Only those whose last heartbeat is older than this, in seconds.
    """
    times, states = _keys(prefix, kind)
    gone = [one for one in read_all(client, prefix) if (one.kind, one.node) == (kind, node) and one.age >= older]
    with client.pipeline(transaction=True) as pipeline:
        for one in gone:
            member = f"{kind}:{one.instance}:{node}"
            pipeline.zrem(times, member)
            pipeline.hdel(states, member)
        pipeline.execute()
