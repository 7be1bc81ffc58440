"""Drains in tests: the real ones, over this worker's Redis and the test database."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import redis

from monitoring.conf import get_config
from monitoring.intake.commit import Intake, no_step
from monitoring.intake.connections import write_connection
from monitoring.intake.drain import drain
from monitoring.metrics.reader import totals
from monitoring.stream.connection import connect
from monitoring.stream.streams import FACTS, MEASURES, Stream


def stream(lane: str = MEASURES, shard: int = 0) -> Stream:
    """A stream of this test worker."""
    return Stream(get_config().stream_prefix, shard, lane)


def intake(lane: str = MEASURES, shard: int = 0, step: Callable[[str], None] = no_step) -> Intake:
    """Where that stream is taken in to."""
    return Intake(write_connection(), get_config(), stream(lane, shard), step)


def client() -> redis.Redis[Any]:
    """A client for this test worker's Redis."""
    return _client(get_config().redis_url)


@cache
def _client(url: str) -> redis.Redis[Any]:
    return connect(url, 5.0, 8)


def drain_all(*lanes: str) -> int:
    """Drain until nothing is left; return how many entries there were."""
    redis_client, taken = client(), 0
    for lane in lanes or (MEASURES, FACTS):
        while one := drain(intake(lane), redis_client):
            taken += one
    return taken


def counted(outcome: str) -> dict[str, int]:
    """What intake counted as `folded`, `lost`, `refused` or `replayed`, by kind."""
    prefix = f"events_{outcome}:"
    return {name.removeprefix(prefix): int(n) for name, n in totals("intake").items() if name.startswith(prefix)}
