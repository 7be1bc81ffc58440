"""Streams that vanish, are replaced by older copies, or number their entries backwards: nothing unread is skipped."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.conf import get_config
from monitoring.intake import retention
from monitoring.intake.models import DeadLetter, Producer
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source, arrived, operations, put, slow, waiting
from tests.pipeline import client, counted, drain_all, stream

pytestmark = pytest.mark.usefixtures("redis_client", "database")

SECOND = 1_000


def _id(seconds_ago: float, sequence: int = 0) -> str:
    return f"{int(time.time() * SECOND - seconds_ago * SECOND)}-{sequence}"


def _ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_a_deleted_stream_costs_exactly_its_unread_entries() -> None:
    source = Source()
    source.send(*operations(10))
    drain_all()
    source.send(*operations(7))
    source.send(*operations(3))
    client().delete(source.stream.key)
    drain_all()
    source.send(*operations(5))
    drain_all()
    assert arrived() == 15
    assert counted("folded") == {"operation": 15}
    assert counted("lost") == {"operation": 10}


def test_a_flushed_redis_costs_exactly_its_unread_entries_and_its_streams_come_back() -> None:
    from monitoring.stream.streams import existing

    measures, facts, elsewhere = Source(), Source(FACTS), Source(shard=7)
    for source in (measures, elsewhere):
        source.send(*operations(10))
    facts.send(slow("a"), slow("b"))
    drain_all()
    measures.send(*operations(4))
    facts.send(slow("c"))
    client().flushdb()
    measures.send(*operations(6))
    facts.send(slow("d"))
    drain_all()
    assert arrived() == 16
    assert counted("folded") == {"operation": 16, "slow": 3}
    assert counted("lost") == {"operation": 4, "slow": 1}
    assert stream() in existing(client(), get_config().stream_prefix, 1)


def test_entries_deleted_behind_its_back_are_counted_as_lost_by_producer_and_kind() -> None:
    first, second, facts = Source(), Source(), Source(FACTS)
    doomed = [first.send(*operations(3)), second.send(*operations(4)), second.send(*operations(5))]
    client().xdel(first.stream.key, *doomed)
    client().xdel(facts.stream.key, facts.send(slow("a"), slow("b")))
    for source in (first, second):
        source.send(*operations(10))
    facts.send(slow("c"))
    drain_all()
    assert arrived() == 20
    assert counted("folded") == {"operation": 20, "slow": 1}
    assert counted("lost") == {"operation": 12, "slow": 2}


def test_a_gap_in_the_middle_of_one_read_is_counted_as_lost() -> None:
    source = Source()
    source.send(*operations(1))
    client().xdel(source.stream.key, source.send(*operations(20)))
    source.send(*operations(300))
    drain_all()
    assert counted("folded") == {"operation": 301}
    assert counted("lost") == {"operation": 20}


def test_a_loss_that_only_a_keepalive_reports_is_counted() -> None:
    source = Source()
    source.send(*operations(1))
    client().xdel(source.stream.key, source.send(*operations(20)))
    source.send()
    drain_all()
    assert counted("lost") == {"operation": 20}
    source.send(goodbye=True)
    drain_all()
    assert counted("lost") == {"operation": 20}


def test_a_producer_first_seen_later_than_its_first_batch_lost_the_earlier_ones() -> None:
    source = Source()
    source.batch(*operations(8))
    source.batch(*operations(9))
    source.send(*operations(5))
    drain_all()
    assert arrived() == 5
    assert counted("lost") == {"operation": 17}


def test_events_that_were_dropped_before_they_were_sent_are_counted_as_lost() -> None:
    source = Source()
    source.put(source.batch(*operations(5), dropped={"operation": 11, "request": 2, "failure": 1}))
    drain_all()
    assert arrived() == 5
    assert counted("lost") == {"operation": 11, "request": 2, "failure": 1}


def test_a_clock_set_back_skips_no_unread_entry() -> None:
    source, late = Source(), Source()
    for _ in range(3):
        source.send(*operations(2))
    drain_all()
    # What follows is numbered as by a server whose clock is two hours behind.
    client().delete(source.stream.key)
    for number in range(30):
        (source if number % 2 else late).send(*operations(1), id=_id(7_200, number))
    drain_all()
    assert arrived() == 36
    assert counted("lost") == {}
    assert waiting() == 0


def test_ids_that_run_backwards_again_and_again_skip_no_unread_entry() -> None:
    source = Source()
    for hours in (0, 1, 3, 2, 8, 7, 5):
        client().delete(source.stream.key)
        for number in range(4):
            source.send(*operations(1), id=_id(hours * 3_600, number))
        drain_all()
    assert arrived() == 28
    assert counted("lost") == {}


def test_a_failover_to_a_stale_replica_counts_nothing_twice_and_what_it_never_had_as_lost() -> None:
    old, new = Source(), Source()
    redis_client = client()
    old.send(*operations(1), id=_id(100, 0))
    old.send(*operations(2), id=_id(100, 1))
    replica = redis_client.dump(old.stream.key)
    assert replica is not None
    old.send(*operations(4), id=_id(90))
    new.send(*operations(8), id=_id(80))
    drain_all()
    old.send(*operations(16), id=_id(70))
    new.send(*operations(32), id=_id(60))
    # The replica has the two entries that were counted and deleted long ago, and none of the later ones; its clock is
    # behind, so that what comes now is numbered below what was read already.
    redis_client.restore(old.stream.key, 0, replica, replace=True)
    old.send(*operations(64), id=_id(99))
    new.send(*operations(128), id=_id(98))
    drain_all()
    assert arrived() == 1 + 2 + 4 + 8 + 64 + 128
    assert counted("folded") == {"operation": 207}
    assert counted("lost") == {"operation": 48}
    assert not DeadLetter.objects.exists()
    assert waiting() == 0


def test_a_failover_between_reading_and_deleting_deletes_no_unread_entry_that_has_another_id() -> None:
    from monitoring.intake.drain import drain
    from tests.pipeline import intake

    source, redis_client = Source(), client()
    source.send(*operations(3), id=_id(50))

    def fail_over(name: str) -> None:
        if name == "delete":
            redis_client.delete(source.stream.key)
            source.send(*operations(5), id=_id(60))

    drain(intake(step=fail_over), redis_client)
    assert waiting() == 1
    drain_all()
    assert arrived() == 8
    assert counted("lost") == {}


def test_every_mixture_of_resends_gaps_and_restarts_adds_up() -> None:
    chance = random.Random(7)
    sources, sent, gone = [Source() for _ in range(5)], 0, 0
    for _ in range(150):
        source = chance.choice(sources)
        count = chance.randint(1, 9)
        fields = source.batch(*operations(count))
        sent += count
        copies = chance.choice((0, 1, 1, 1, 2, 3))
        gone += 0 if copies else count
        for _ in range(copies):
            source.put(fields)
        if chance.random() < 0.1:
            drain_all()
    for source in sources:
        source.send(goodbye=True)
    drain_all()
    assert arrived() == sent - gone
    assert counted("folded") == {"operation": sent - gone}
    assert counted("lost") == {"operation": gone}
    assert Producer.objects.count() == 5


def test_a_batch_older_than_a_day_of_an_unknown_producer_becomes_a_dead_letter() -> None:
    unknown, known = Source(), Source()
    known.send(*operations(1), id=_id(90_002))
    # All of an unknown producer's old batches are suspect, not only the first: they may have been counted before their
    # producer was forgotten.
    for number in range(3):
        unknown.send(*operations(2), id=_id(90_000, number))
    unknown.send(*operations(4), id=_id(5))
    Producer.objects.create(
        producer=known.id, stream=f"0:{known.stream.lane}", sequence=0, counts={}, seen=datetime(2026, 1, 1, tzinfo=UTC)
    )
    drain_all()
    assert arrived() == 5
    assert list(DeadLetter.objects.values_list("reason", flat=True)) == ["forgotten"] * 3
    assert counted("refused") == {"operation": 6}
    assert counted("lost") == {}


def test_old_batches_of_an_unknown_producer_stay_suspect_over_several_drains() -> None:
    import dataclasses

    from monitoring.intake.drain import drain
    from tests.pipeline import intake

    unknown = Source()
    for number in range(3):
        unknown.send(*operations(2), id=_id(90_000, number))
    one_by_one = intake()
    one_by_one = dataclasses.replace(one_by_one, config=dataclasses.replace(one_by_one.config, drain_entries=1))
    while drain(one_by_one, client()):
        pass
    assert arrived() == 0
    assert DeadLetter.objects.filter(reason="forgotten").count() == 3


def test_producers_are_not_forgotten_while_nobody_of_their_stream_was_heard() -> None:
    """The database was away for more than a day; retention runs before the first drain."""
    source = Source()
    source.send(*operations(10), id=_id(100_000))
    Producer.objects.create(producer=source.id, stream="0:measures", sequence=0, counts={}, seen=_ago(100_000))
    source.send(*operations(5), id=_id(95_000))
    source.send(*operations(2), id=_id(10))
    retention.prune(get_config())
    drain_all()
    assert arrived() == 17
    assert counted("lost") == {}
    assert not DeadLetter.objects.exists()


def test_a_producer_that_is_silent_while_others_speak_is_forgotten_after_a_day() -> None:
    silent, recent, speaking = "a" * 16, "b" * 16, "c" * 16
    for producer, ago in ((silent, 90_000), (recent, 80_000), (speaking, 0)):
        Producer.objects.create(producer=producer, stream="0:measures", sequence=1, counts={}, seen=_ago(ago))
    retention.prune(get_config())
    assert sorted(Producer.objects.values_list("producer", flat=True)) == [recent, speaking]


def test_streams_of_shards_that_are_no_longer_configured_are_still_found() -> None:
    from monitoring.intake.drain import drain
    from monitoring.stream.streams import append, existing
    from tests.pipeline import intake

    source = Source(shard=12)
    append(client(), source.stream, source.batch(*operations(3)), 10**9)
    found = existing(client(), get_config().stream_prefix, 1)
    assert source.stream in found
    assert drain(intake(shard=12), client()) == 1
    assert arrived() == 3


def test_entries_of_an_id_that_tells_no_time_are_taken_in() -> None:
    source = Source()
    put(source.batch(*operations(3)), source.stream.key, "18446744073709551614-1")
    drain_all()
    assert arrived() == 3
