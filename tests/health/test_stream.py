"""The snapshot and the age of entries, in a real Redis."""

from __future__ import annotations

import pytest

from monitoring.conf import get_config
from monitoring.stream import snapshots
from monitoring.stream.backlog import waiting
from monitoring.stream.streams import FACTS, MEASURES, Stream
from tests.pipeline import client

pytestmark = pytest.mark.usefixtures("redis_client")


def publish(expected: int, version: int, body: bytes = b"{}") -> bool:
    return snapshots.publish(client(), get_config().stream_prefix, expected, version, body)


def read() -> snapshots.Held | None:
    return snapshots.read(client(), get_config().stream_prefix)


def test_what_is_published_is_read() -> None:
    assert read() is None
    assert publish(0, 1, b"a\nbody \xff")
    held = read()
    assert held is not None
    assert (held.version, held.body) == (1, b"a\nbody \xff")


def test_of_two_that_read_the_same_version_one_publishes() -> None:
    publish(0, 7)
    assert publish(7, 8, b"mine")
    assert not publish(7, 8, b"yours")
    assert not publish(0, 1, b"yours")
    held = read()
    assert held is not None
    assert held.body == b"mine"


def test_its_age_is_by_the_servers_clock() -> None:
    publish(0, 1)
    prefix = get_config().stream_prefix
    held, age = snapshots.read_with_age(client(), prefix)
    assert held is not None
    assert 0 <= age < 60
    # As if it had been published an hour ago.
    client().set(f"{prefix}:health", f"1 {held.published - 3_600_000}\n")
    assert 3600 <= snapshots.read_with_age(client(), prefix)[1] < 3660


@pytest.mark.parametrize("value", [b"", b"x", b"1", b"1 x\n{}", b"\xff \xff\n"])
def test_what_is_no_snapshot_is_none_and_replaced(value: bytes) -> None:
    client().set(f"{get_config().stream_prefix}:health", value)
    assert read() is None
    assert publish(1 if value[:1] == b"1" else 0, 2)


def test_the_oldest_entry_of_each_stream_has_an_age() -> None:
    prefix = get_config().stream_prefix
    measures, facts = (Stream(prefix, 0, lane) for lane in (MEASURES, FACTS))
    assert [(one.entries, one.age) for one in waiting(client(), [measures, facts]).values()] == [(0, 0.0), (0, 0.0)]
    seconds = client().time()[0]
    client().xadd(measures.key, {"d": "x"}, id=f"{seconds - 100}000-0")
    client().xadd(measures.key, {"d": "x"})
    found = waiting(client(), [measures, facts])
    assert found[measures].entries == 2
    assert 99 < found[measures].age < 160
    assert found[facts].entries == 0


def test_an_entry_from_the_future_has_no_negative_age() -> None:
    stream = Stream(get_config().stream_prefix, 0, MEASURES)
    client().xadd(stream.key, {"d": "x"}, id=f"{client().time()[0] + 100}000-0")
    assert waiting(client(), [stream])[stream].age == 0.0
