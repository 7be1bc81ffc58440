"""A drain that ends at any of its steps, or meets another one, changes nothing about what is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import OperationalError, connections

from monitoring.errors.models import ErrorLog
from monitoring.intake.commit import OvertakenError
from monitoring.intake.drain import drain
from monitoring.intake.models import DeadLetter
from monitoring.performance.models import DirtyPeriod, SlowSample
from monitoring.stream.streams import FACTS, MEASURES
from tests.faults.batches import Source, arrived, operations, put, slow, waiting
from tests.faults.processes import ENDED, Thread, end_at, in_child
from tests.pipeline import client, counted, drain_all, intake, stream

pytestmark = pytest.mark.usefixtures("redis_client", "database")

STEPS = [
    "read",
    "read the cursor",
    "fold",
    "begin",
    "write the rows",
    "write the sequences",
    "commit",
    "delete",
    "end",
]
INSIDE = {"write the rows", "write the sequences", "commit"}


def _drain(lane: str = MEASURES, step: Callable[[str], None] = lambda name: None) -> int:
    return drain(intake(lane, step=step), client())


def test_the_steps_of_a_drain_are_the_ones_tested_here() -> None:
    seen: list[str] = []
    Source().send(*operations(1))
    _drain(step=seen.append)
    assert seen == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_a_drain_that_ends_at_a_step_counts_everything_once(step: str) -> None:
    first, second = Source(), Source()
    first.send(*operations(3))
    drain_all()
    for source in (first, second):
        source.send(*operations(5))
        source.send(*operations(7, "play"))
    assert in_child(lambda: _drain(step=end_at(step))) == ENDED
    first.send(*operations(2))
    drain_all()
    assert arrived("work") == 15
    assert arrived("play") == 14
    assert counted("folded") == {"operation": 29}
    assert counted("lost") == {}
    assert not DeadLetter.objects.exists()
    assert waiting() == 0


@pytest.mark.parametrize("step", STEPS)
def test_a_drain_of_facts_that_ends_at_a_step_keeps_each_fact_once(step: str) -> None:
    source = Source(FACTS)
    source.send(slow("a"), slow("b"))
    source.send(slow("c"))
    assert in_child(lambda: _drain(FACTS, end_at(step))) == ENDED
    drain_all()
    assert sorted(SlowSample.objects.values_list("name", flat=True)) == ["a", "b", "c"]
    assert counted("folded") == {"slow": 3}
    assert not ErrorLog.objects.exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_drain_that_ends_at_a_step_makes_one_dead_letter_of_a_bad_batch(step: str) -> None:
    good, bad = Source(), Source()
    good.send(*operations(4))
    bad.put({**bad.batch(*operations(6)), "d": b"no payload"})
    put({"v": "1", "p": "!"}, stream().key)
    assert in_child(lambda: _drain(step=end_at(step))) == ENDED
    drain_all()
    assert arrived() == 4
    assert sorted(DeadLetter.objects.values_list("producer", flat=True)) == sorted(["", bad.id])
    assert counted("refused") == {"operation": 6}


@pytest.mark.parametrize("step", STEPS)
def test_two_drains_in_a_row_that_end_at_different_steps_count_everything_once(step: str) -> None:
    source = Source()
    other_step = STEPS[len(STEPS) - 1 - STEPS.index(step)]
    for number, ending in enumerate((step, other_step), 1):
        source.send(*operations(number))
        assert in_child(lambda ending=ending: _drain(step=end_at(ending))) == ENDED
    source.send(*operations(4))
    drain_all()
    assert arrived() == 7
    assert counted("lost") == {}


@pytest.mark.parametrize("step", [step for step in STEPS if step not in INSIDE])
def test_a_drain_held_up_at_a_step_while_another_one_drains_counts_everything_once(step: str) -> None:
    source = Source()
    source.send(*operations(5))
    source.send(*operations(7, "play"))
    reached, go_on = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == step:
            reached.set()
            assert go_on.wait(30)

    slow_one = Thread(lambda: _drain_unless_overtaken(hold))
    assert reached.wait(30)
    assert drain_all() == (0 if step == "end" else 2)
    go_on.set()
    overtaken = slow_one.result() is None
    assert overtaken == (step in {"fold", "begin"})
    drain_all()
    assert (arrived("work"), arrived("play")) == (5, 7)
    assert counted("folded") == {"operation": 12}
    assert counted("lost") == {}


@pytest.mark.parametrize("step", sorted(INSIDE))
def test_of_two_drains_at_once_the_one_that_comes_second_to_the_transaction_starts_over(step: str) -> None:
    source = Source()
    source.send(*operations(5))
    reached, beginning = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == step:
            reached.set()
            assert beginning.wait(30)

    def announce(name: str) -> None:
        if name == "begin":
            beginning.set()

    ahead = Thread(lambda: _drain(step=hold))
    assert reached.wait(30)
    assert _drain_unless_overtaken(announce) is None
    assert ahead.result() == 1
    drain_all()
    assert arrived() == 5
    assert counted("folded") == {"operation": 5}


def test_many_drainers_that_start_over_when_overtaken_count_everything_once() -> None:
    sources = [Source() for _ in range(4)]
    for number in range(20):
        for source in sources:
            source.send(*operations(3, f"work{number % 3}"))

    def work() -> None:
        while waiting():
            _drain_unless_overtaken(lambda name: None, entries=7)

    for thread in [Thread(work) for _ in range(3)]:
        thread.result()
    assert sum(arrived(f"work{number}") for number in range(3)) == 240
    assert counted("folded") == {"operation": 240}
    assert counted("lost") == {}
    assert not DeadLetter.objects.exists()


def _drain_unless_overtaken(step: Callable[[str], None], entries: int = 5_000) -> int | None:
    import dataclasses

    target = intake(step=step)
    target = dataclasses.replace(target, config=dataclasses.replace(target.config, drain_entries=entries))
    try:
        return drain(target, client())
    except OvertakenError:
        return None


def test_a_commit_whose_answer_was_lost_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Source().send(*operations(5))
    connection = connections["default"]
    connection.ensure_connection()
    commit = connection._commit

    def lose_the_answer() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "_commit", lose_the_answer)
        with pytest.raises(OperationalError):
            drain_all()
    connection.close()
    assert waiting() == 1
    drain_all()
    assert arrived() == 5
    assert counted("folded") == {"operation": 5}
    assert waiting() == 0


def test_a_deletion_that_redis_did_not_answer_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    from monitoring.stream import streams

    Source().send(*operations(5))

    def fail(*_: object) -> None:
        raise redis.ConnectionError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(streams, "delete", fail)
        with pytest.raises(redis.ConnectionError):
            drain_all()
    assert waiting() == 1
    drain_all()
    assert arrived() == 5
    assert counted("folded") == {"operation": 5}


def test_an_operational_error_never_makes_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitoring.intake import commit

    Source().send(*operations(5))

    def away(*_: object) -> None:
        raise OperationalError("the database system is shutting down")

    with monkeypatch.context() as patch:
        patch.setattr(commit, "_store", away)
        for _ in range(6):
            with pytest.raises(OperationalError):
                drain_all()
    assert not DeadLetter.objects.exists()
    drain_all()
    assert arrived() == 5


def test_a_drain_marks_all_its_hours_in_one_order_so_that_shards_do_not_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from monitoring.performance import consume
    from monitoring.recording.events import Request, Task, TaskState

    marked: list[list[int]] = []
    mark_dirty = consume.mark_dirty

    def mark(connection: Any, level: str, starts: Iterable[int]) -> None:
        marked.append(list(starts))
        mark_dirty(connection, level, marked[-1])

    monkeypatch.setattr(consume, "mark_dirty", mark)
    now, hour = time.time_ns(), 3_600 * 10**9
    source = Source()
    source.send(
        Request(now, 1, "GET", "a/", 200),
        *operations(1, at=now - 3 * hour),
        Task(now - 5 * hour, 1, "t", "q", TaskState.SUCCESS, 1),
    )
    drain_all()
    assert [len(set(starts)) for starts in marked] == [3]
    assert DirtyPeriod.objects.count() == 3
