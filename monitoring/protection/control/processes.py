"""The processes that answer requests, and which decisions each of them has taken over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from monitoring.conf import Config
from monitoring.stream import heartbeats
from monitoring.stream.connection import Client, connect
from monitoring.stream.decisions import HEAD, Head, Keys, parse_head
from monitoring.stream.heartbeats import Heartbeat

_SECONDS, _CONNECTIONS = 1.0, 8


@dataclass(frozen=True)
class Process:
    """A process that answers requests.

    Attributes:
        node: Its name.
        pid: Its number on its host.
        age: Seconds since it said so.
        epoch: Of the decisions that it holds; empty for none.
        number: Of the last change that it has taken over.
        behind: Changes that it had not taken over when it said so; None where it holds decisions of another epoch.
    """

    node: str
    pid: int
    age: float
    epoch: str
    number: int
    behind: int | None

    @property
    def cold(self) -> bool:
        """Whether it has read no decisions yet, so that it refuses nobody."""
        return not self.epoch


def living(config: Config) -> list[Process]:
    """Return the processes that live, by name.

    Args:
        config: This installation's settings.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    client = _client(config.redis_url)
    head = parse_head(cast("bytes | None", client.hget(Keys(config.stream_prefix).state, cast(Any, HEAD))))
    return [_process(one, head) for one in heartbeats.read_web(client, config.stream_prefix) if one.alive]


def _process(one: Heartbeat, head: Head | None) -> Process:
    said, pid = one.state.get("decisions"), one.state.get("pid")
    held = said if isinstance(said, dict) else {}
    epoch, number = str(held.get("epoch") or ""), held.get("number")
    number = number if isinstance(number, int) else 0
    behind = max(head.number - number, 0) if head is not None and epoch == head.epoch else None
    return Process(one.node, pid if isinstance(pid, int) else 0, round(one.age, 1), epoch, number, behind)


@lru_cache(maxsize=4)
def _client(url: str) -> Client:
    return connect(url, _SECONDS, _CONNECTIONS)
