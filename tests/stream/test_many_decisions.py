"""A hundred thousand decisions are projected and read without holding anybody up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.connection import AbstractConnection

from monitoring.stream import decisions as stored
from monitoring.stream.connection import connect
from monitoring.stream.decisions import Entry, Keys, Replica
from monitoring.stream.projection import rebuild

PREFIX = "decided"


@pytest.fixture
def client(redis_client: Any, redis_url: str) -> Iterator[redis.Redis]:
    made = connect(redis_url, 5.0, 8)
    yield made
    made.close()


@pytest.fixture
def many(client: redis.Redis) -> dict[str, Entry]:
    made = {f"4:32:{number:x}": Entry(f"{number}", 10**13 + number) for number in range(3_000)}
    rebuild(client, Replica(PREFIX), {"block": lambda: made})
    return made


def test_who_reads_much_rests_after_each_slice_also_when_it_gives_the_old_back(
    client: redis.Redis, many: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    reader = Replica(PREFIX, rests.append)
    reader.catch_up(client)
    slices = len(many) / stored._SLICE
    assert reader.kinds == {"block": many}
    assert slices - 1 <= len(rests) <= 2 * slices + 2
    old, rests[:] = reader.kinds["block"], []
    client.xtrim(Keys(PREFIX).log, maxlen=0)
    put_all(client, {**many, "4:32:0": Entry("changed")})
    client.xtrim(Keys(PREFIX).log, maxlen=0)
    reader.catch_up(client)
    assert reader.kinds["block"]["4:32:0"] == Entry("changed")
    assert (len(old), len(reader.kinds["block"])) == (0, 3_000)
    assert len(rests) >= 2 * (slices - 1)
    assert max(rests) == stored._GRACE_SECONDS


def put_all(client: redis.Redis, wanted: dict[str, Entry]) -> int:
    replica = Replica(PREFIX)
    return rebuild(client, replica, {"block": lambda: wanted})


def test_who_follows_much_rests_between_its_parts(client: redis.Redis, many: dict[str, Entry]) -> None:
    rests: list[float] = []
    follower = Replica(PREFIX, rests.append)
    follower.catch_up(client)
    first, rests[:] = follower.kinds["block"], []
    changed = {key: Entry("other", entry.expires) for key, entry in many.items()}
    put_all(client, changed)
    follower.catch_up(client)
    assert follower.kinds == {"block": changed}
    assert follower.kinds["block"] is first
    assert len(rests) >= len(many) // 500


def test_what_is_as_it_was_is_not_sent_again(
    client: redis.Redis, many: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilder, sent = Replica(PREFIX), list[int]()
    rebuild(client, rebuilder, {"block": lambda: many})
    send = AbstractConnection.send_packed_command

    def counted(self: Any, command: Any, **options: Any) -> None:
        sent.append(len(b"".join(command)))
        send(self, command, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    for _ in range(3):
        assert rebuild(client, rebuilder, {"block": lambda: dict(many)}) == 0
    assert len(sent) == 6
    assert sum(sent) < 20_000
