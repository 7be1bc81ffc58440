"""Errors are counted once, whoever drains them, and wherever a drain ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.db.models import Sum

from monitoring.errors.groups.models import ErrorGroup, GroupHour, GroupRelease
from monitoring.errors.models import ErrorLog
from monitoring.intake.drain import drain
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import Shop, error, repetition
from tests.faults.processes import ENDED, end_at, in_child
from tests.pipeline import client, counted, drain_all, intake

pytestmark = pytest.mark.usefixtures("redis_client", "database")


@pytest.mark.parametrize("step", ["begin", "write the rows", "write the sequences", "commit", "delete"])
def test_a_drain_that_ends_at_a_step_counts_each_error_once(step: str) -> None:
    shop = Shop()
    shop.send(error(user="1"))
    drain_all(FACTS)
    known = ErrorLog.objects.get().fingerprint
    shop.send(error(user="2"), repetition(known, user="3"), error("sell"))
    assert in_child(lambda: drain(intake(FACTS, step=end_at(step)), client())) == ENDED
    shop.send(repetition(known))
    drain_all(FACTS)
    assert sorted(ErrorGroup.objects.values_list("count", "users")) == [(1, 0), (4, 3)]
    for model in (GroupHour, GroupRelease):
        assert model.objects.aggregate(all=Sum("count"))["all"] == 5
    assert ErrorLog.objects.count() == 5
    assert counted("folded") == {"error": 3, "occurrence": 2}
    assert counted("lost") == {}


def test_drains_of_two_shards_at_once_make_one_group_of_a_cause_and_lose_nothing() -> None:
    shops = [Shop(shard=shard) for shard in range(2)]
    for round_ in "abcde":
        for shop in shops:
            shop.send(*[error(f"function_{letter}{round_}") for letter in "abcdef"])
    barrier = threading.Barrier(2)
    problems: list[BaseException] = []
    threads = [threading.Thread(target=_drain, args=(shard, barrier, problems)) for shard in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert ErrorGroup.objects.count() == 30
    assert set(ErrorGroup.objects.values_list("count", flat=True)) == {2}
    assert ErrorLog.objects.count() == 60
    assert counted("folded") == {"error": 60}


def _drain(shard: int, barrier: threading.Barrier, problems: list[BaseException]) -> None:
    try:
        while drain(intake(FACTS, shard, _together(barrier)), client()):
            pass
    except BaseException as problem:
        problems.append(problem)
    finally:
        connections.close_all()


def _together(barrier: threading.Barrier) -> Callable[[str], None]:
    """Let both transactions begin before either writes; on SQLite one waits for the other to end."""
    waited = []

    def step(name: str) -> None:
        if name == "write the rows" and connection.vendor == "postgresql" and not waited:
            waited.append(name)
            barrier.wait(10)

    return step
