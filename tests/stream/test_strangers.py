"""Whatever a stranger leaves where the decisions lie, who projects next puts right, and who follows goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from monitoring.stream.connection import connect
from monitoring.stream.decisions import Entry, Keys, Replica
from monitoring.stream.projection import rebuild

STATE, LOG = Keys("decided").state, Keys("decided").log
ENORMOUS = "9" * 5_000


@pytest.fixture
def client(redis_client: Any, redis_url: str) -> Iterator[redis.Redis]:
    made = connect(redis_url, 5.0)
    yield made
    made.close()


def put(client: redis.Redis, **values: str) -> None:
    rebuild(client, Replica("decided"), {"bug": lambda: {key: Entry(value) for key, value in values.items()}})


def replace(client: redis.Redis, key: str, value: str) -> None:
    client.delete(key)
    client.set(key, value)


@pytest.mark.parametrize(
    "leave",
    [
        lambda client: client.hset(STATE, "head", f"ab 1-2 {ENORMOUS}"),
        lambda client: client.hset(STATE, "head", f"ab {ENORMOUS}-2 3"),
        lambda client: client.hset(STATE, "head", f"ab {'9' * 19}-2 3"),
        lambda client: client.hset(STATE, "head", f"{ENORMOUS} 1-2 3"),
        lambda client: client.hset(STATE, "bug:b", f"{ENORMOUS} x"),
        lambda client: replace(client, STATE, "x"),
        lambda client: replace(client, LOG, "x"),
        lambda client: (replace(client, LOG, "x"), client.hset(STATE, "head", "ab 1-2 3")),
        lambda client: client.xadd(LOG, {"x": "y"}, id=f"{'9' * 19}-1"),
    ],
)
def test_it_is_put_right(client: redis.Redis, leave: Callable[[redis.Redis], object]) -> None:
    put(client, a="B-001", b="B-002")
    follower = Replica("decided")
    follower.catch_up(client)
    leave(client)
    follower.catch_up(client)
    for wanted in ({"a": "B-001", "b": "B-003"}, {"a": "B-004"}):
        put(client, **wanted)
        put(client, **wanted)
        follower.catch_up(client)
        assert follower.kinds == {"bug": {key: Entry(value) for key, value in wanted.items()}}
        assert follower.wait(client, 0.01) is False


def test_another_refusal_of_redis_is_told(client: redis.Redis, redis_url: str) -> None:
    put(client, a="B-001")
    client.acl_setuser("stranger", enabled=True, nopass=True, keys=["*"], commands=["+@connection"])
    parts = urlsplit(redis_url)  # whose own name and password would go before others
    refused = redis.Redis(
        parts.hostname or "", parts.port or 6379, int(parts.path[1:]), username="stranger", password="any"
    )
    try:
        with pytest.raises(redis.ResponseError):
            Replica("decided").catch_up(refused)
    finally:
        refused.close()
        client.acl_deluser("stranger")
