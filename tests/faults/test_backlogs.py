"""After an outage everything comes at once: a drain takes what it can hold, and nothing is lost or out of turn."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import pytest

from monitoring.errors.models import ErrorLog
from monitoring.intake import commit, opening
from monitoring.intake.drain import drain
from monitoring.intake.models import DeadLetter
from monitoring.performance.models import SlowSample
from monitoring.recording.events import Occurrence, Operation
from monitoring.stream import streams
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source, arrived, operations, slow, waiting
from tests.pipeline import client, counted, drain_all, intake, stream

pytestmark = pytest.mark.usefixtures("redis_client", "database")


def test_a_read_stops_near_its_budget_of_bytes() -> None:
    redis_client, megabyte = client(), b"x" * 1_000_000
    for number in range(40):
        redis_client.xadd(stream().key, {"d": megabyte, "n": number})
    found = streams.read(redis_client, stream(), 5_000, 4_000_000)
    assert [entry.fields[b"n"] for entry in found] == [b"%d" % number for number in range(len(found))]
    assert 4 <= len(found) <= 20


def test_a_read_of_small_entries_takes_all_that_it_may() -> None:
    redis_client = client()
    for number in range(1_200):
        redis_client.xadd(stream().key, {"n": number})
    found = streams.read(redis_client, stream(), 1_000, 4_000_000)
    assert [entry.fields[b"n"] for entry in found] == [b"%d" % number for number in range(1_000)]


def test_a_drain_opens_no_more_facts_than_it_can_hold_and_leaves_the_others_for_the_next() -> None:
    first, second = Source(FACTS), Source(FACTS)
    for _ in range(10):
        first.send(*[slow("first") for _ in range(600)])
        second.send(*[slow("second") for _ in range(300)])
    taken = drain(intake(FACTS), client())
    assert 0 < taken < 20
    assert waiting(FACTS) == 20 - taken
    assert SlowSample.objects.count() <= 6_000
    drain_all(FACTS)
    assert SlowSample.objects.filter(name="first").count() == 6_000
    assert SlowSample.objects.filter(name="second").count() == 3_000
    assert counted("lost") == {}
    assert not DeadLetter.objects.exists()


def test_repetitions_of_errors_weigh_as_the_rows_they_become(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_WEIGHT", 25 * opening.ROW_WEIGHT)
    source = Source()
    for first in range(1, 50, 10):
        source.send(*[Occurrence(time.time_ns(), 1, first + more, "work", 500, "", "", "") for more in range(10)])
    assert drain(intake(), client()) == 3
    assert ErrorLog.objects.count() == 30
    assert drain(intake(), client()) == 2
    for _ in range(5):
        source.send(*operations(10))
    assert drain(intake(), client()) == 5
    assert ErrorLog.objects.count() == 50
    assert counted("folded") == {"occurrence": 50, "operation": 50}
    assert counted("lost") == {}


def test_entries_left_for_the_next_drain_are_not_passed_over_when_a_batch_is_bad(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the bad one is looked for by halving, the first half may be left unfinished: the second has to wait."""
    monkeypatch.setattr(opening, "MAX_WEIGHT", 40)
    good = commit.CONSUMERS

    def consume(measures: dict[str, object], *_: object) -> list[Callable[[], None]]:
        columns = measures.get("operation")
        if columns is not None and any(name == "poison" for _, name in columns.names):  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return []

    monkeypatch.setattr(commit, "CONSUMERS", (consume, *good))
    source = Source()
    for number in range(24):
        source.send(*operations(9, "poison" if number == 3 else "work"))
    drain_all()
    assert arrived() == 23 * 9
    assert counted("folded") == {"operation": 23 * 9}
    assert counted("refused") == {"operation": 9}
    assert counted("lost") == {}


def test_a_backlog_of_a_million_measures_is_taken_in() -> None:
    now = time.time_ns()
    events = [Operation(now, number * 1_000, f"work{number % 10}", False) for number in range(20_000)]
    source = Source()
    fields = source.batch(*events)
    sent = 1
    source.put(fields)
    for _ in range(49):
        source.lane.enqueue(bytes(fields["d"]), {"operation": 20_000})  # type: ignore[arg-type]
        source.put(source.lane.take().fields)
        sent += 1
    drains = 0
    one = intake()
    one = dataclasses.replace(one, config=dataclasses.replace(one.config, drain_seconds=5.0))
    while drain(one, client()):
        drains += 1
    assert drains == 1
    assert sum(arrived(f"work{number}") for number in range(10)) == sent * 20_000
    assert counted("lost") == {}
