"""What failed while the platform itself could not see is held against nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.db import transaction
from django.utils import timezone

from monitoring import protecting
from monitoring.component import Outage
from monitoring.conf import get_config
from monitoring.intake.consumers import CONSUMERS
from monitoring.protection.blocks.models import Block
from monitoring.protection.deciding import decide
from monitoring.protection.interruptions import reading
from monitoring.protection.interruptions.models import Interruption, ProtectionRun
from monitoring.recording import wire
from monitoring.recording.sender import Lane, new_producer_id
from monitoring.stream.streams import StreamFullError
from tests.protection.failing import BAD, count, now, scope, times

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def within(settings: Any) -> None:
    """A run of the test is one transaction."""
    settings.MONITORING = {**settings.MONITORING, "EAGER": True}


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def arrive(at: int, away: int) -> set[str]:
    """A drain of batches that waited for Redis."""
    where = scope(at=at)
    where.away = away
    with transaction.atomic():
        for consume in CONSUMERS:
            for write in consume({}, {}, where):
                write()
    return where.due


def run(at: int) -> int:
    return decide(get_config(), Outage(), moment(at)).blocked


def test_errors_of_a_time_in_which_redis_was_away_block_nobody_and_later_ones_do() -> None:
    at = now()
    count(times(BAD, 60, at=at - 1_000))
    assert arrive(at, 20) == {"protection"}
    assert run(at) == 0
    count(times(BAD, 6, at=at + 4_000), at=at + 4_000)
    assert run(at + 4_000) == 0
    count(times(BAD, 6, at=at + 6_000), at=at + 6_000)
    assert run(at + 6_000) == 1


def test_who_was_blocked_before_that_was_known_is_let_go_and_who_was_long_before_is_not() -> None:
    at = now()
    count(times(BAD, 6, at=at - 60_000))
    assert run(at - 60_000) == 1
    count(times("192.0.2.1", 6, "GET api/other/", at=at - 500))
    assert run(at - 400) == 1
    arrive(at, 20)
    assert decide(get_config(), Outage(), moment(at)).lifted == 1
    assert Block.objects.get(ended=None).network == f"{BAD}/32"
    assert Block.objects.get(ended=moment(at)).ended_by == "interruption of the platform"


def test_a_drain_in_which_nothing_waited_notes_nothing() -> None:
    assert arrive(now(), 0) == set()
    assert not Interruption.objects.exists()


@pytest.mark.usefixtures("redis_client")
def test_where_nothing_ran_for_long_what_failed_meanwhile_blocks_nobody() -> None:
    protecting.protect(get_config())
    ProtectionRun.objects.update(completed=timezone.now() - timedelta(seconds=31))
    count(times(BAD, 6))
    protecting.protect(get_config())
    assert not Block.objects.exists()
    last = now() + 1
    count(times(BAD, 6, at=last + 10), at=last + 10)
    protecting.protect(get_config())
    assert Block.objects.count() == 1


@pytest.mark.usefixtures("redis_client")
def test_the_first_run_and_those_that_follow_in_time_are_no_interruption() -> None:
    for _ in range(2):
        protecting.protect(get_config())
    assert not Interruption.objects.exists()


def test_interruptions_are_forgotten_with_the_errors() -> None:
    at = now()
    arrive(at, 20)
    run(at + 599_000)
    assert len(reading.read("default")) == 1
    run(at + 606_000)
    assert reading.read("default") == []


class Server:
    """What a lane appends to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.took: list[int] = []

    def append(self, fields: Any) -> None:
        if self.error is not None:
            raise self.error
        head = wire.read_head(
            {key.encode(): text.encode() if isinstance(text, str) else text for key, text in fields.items()}
        )
        self.took.append(head.away)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (redis.ConnectionError(), [20, 20, 0]),
        (redis.ResponseError("READONLY"), [20, 20, 0]),
        (StreamFullError(), [0, 0, 0]),
    ],
)
def test_batches_that_waited_for_redis_say_so(error: Exception, told: list[int]) -> None:
    lane, server = Lane(new_producer_id(), 10_000), Server()
    lane.enqueue(b"", {"operation": 1})
    server.error = error
    with pytest.raises(type(error)):
        lane.send(server.append)
    if lane.failing is not None:
        lane.failing -= 20
    lane.enqueue(b"", {"operation": 1})
    server.error = None
    lane.send(server.append)
    lane.enqueue(b"", {"operation": 1})
    lane.send(server.append)
    assert server.took == told


@pytest.mark.parametrize(("text", "away"), [(b"-5", 0), (b"9" * 30, 86_400)])
def test_what_an_entry_says_of_it_is_bounded(text: bytes, away: int) -> None:
    fields = {
        key.encode(): value.encode() if isinstance(value, str) else value
        for key, value in wire.entry("a1", 1, {}, b"").items()
    }
    assert wire.read_head({**fields, b"w": text}).away == away
    with pytest.raises(wire.WireError):
        wire.read_head({**fields, b"w": b"long"})
