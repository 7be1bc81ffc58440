"""Hours and days are right whatever comes late, runs twice, or ends in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from monitoring.conf import get_config
from monitoring.performance import retention, rollup
from monitoring.performance.buckets import merge
from monitoring.performance.models import DayRollup, DirtyPeriod, HourRollup, MinuteRollup
from monitoring.storage import bulk
from tests.faults.batches import Source, arrived, operations
from tests.faults.processes import ENDED, Thread, end, in_child
from tests.pipeline import drain_all

pytestmark = pytest.mark.usefixtures("redis_client", "database")

HOUR = 3_600 * 10**9


def _yesterday(hour: int = 12) -> int:
    """Return a moment of yesterday (UTC) in nanoseconds: its hour and its day are over, its minutes still kept."""
    today = int(time.time()) // 86_400 * 86_400
    return (today - 86_400 + hour * 3_600 + 90) * 10**9


def _rows(model: Any) -> list[tuple[int, int, int]]:
    """Return (count, counted in buckets, sum in milliseconds) of each row."""
    return [
        (row.count, sum(merge([bytes(row.buckets)]).values()), row.total // 10**6)
        for row in model.objects.order_by("start", "name_id")
    ]


def test_events_that_come_after_their_hour_was_rolled_up_are_in_its_hour_and_its_day() -> None:
    source = Source()
    source.send(*operations(10, at=_yesterday()))
    drain_all()
    assert rollup.roll_up() == 2
    assert _rows(HourRollup) == _rows(DayRollup) == [(10, 10, 50)]
    source.send(*operations(5, at=_yesterday()), *operations(3, at=_yesterday() + HOUR))
    drain_all()
    assert _rows(HourRollup) == [(10, 10, 50)]
    rollup.roll_up()
    assert _rows(HourRollup) == [(15, 15, 75), (3, 3, 15)]
    assert _rows(DayRollup) == [(18, 18, 90)]
    assert rollup.roll_up() == 0


def test_an_hour_that_is_not_over_is_not_rolled_up() -> None:
    Source().send(*operations(4))
    drain_all()
    assert rollup.roll_up() == 0
    assert not HourRollup.objects.exists()


def test_events_that_arrive_while_their_hour_is_summed_up_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    source.send(*operations(10, at=_yesterday()))
    drain_all()
    source.send(*operations(5, at=_yesterday()))
    summed = rollup._summed

    def sum_then_drain(*arguments: Any) -> Any:
        rows = summed(*arguments)
        monkeypatch.setattr(rollup, "_summed", summed)
        drain_all()
        return rows

    monkeypatch.setattr(rollup, "_summed", sum_then_drain)
    rollup.roll_up()
    rollup.roll_up()
    assert arrived() == 15
    assert _rows(HourRollup) == _rows(DayRollup) == [(15, 15, 75)]
    assert rollup.roll_up() == 0


def test_of_two_roll_ups_at_once_the_one_that_read_less_does_not_overwrite_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source()
    source.send(*operations(10, at=_yesterday()))
    drain_all()
    summed, first_has_read, go_on = rollup._summed, threading.Event(), threading.Event()

    def read_and_wait(*arguments: Any) -> Any:
        rows = summed(*arguments)
        if not first_has_read.is_set():
            first_has_read.set()
            assert go_on.wait(30)
        return rows

    monkeypatch.setattr(rollup, "_summed", read_and_wait)
    hour = DirtyPeriod.objects.get(level=DirtyPeriod.HOUR).pk
    slow_one = Thread(lambda: rollup.roll_up_period(hour))
    assert first_has_read.wait(30)
    source.send(*operations(5, at=_yesterday()))
    drain_all()
    assert rollup.roll_up_period(hour)
    go_on.set()
    assert slow_one.result() is False
    assert _rows(HourRollup) == [(15, 15, 75)]
    rollup.roll_up()
    assert _rows(DayRollup) == [(15, 15, 75)]


def test_many_roll_ups_at_once_end_with_the_right_rows() -> None:
    source = Source()
    for hour in range(8, 14):
        source.send(*operations(hour, at=_yesterday(hour)))
    drain_all()
    for thread in [Thread(rollup.roll_up) for _ in range(4)]:
        thread.result()
    rollup.roll_up()
    assert [count for count, _, _ in _rows(HourRollup)] == list(range(8, 14))
    assert _rows(DayRollup) == [(63, 63, 315)]
    assert rollup.roll_up() == 0


@pytest.mark.parametrize("place", ["after the mark", "after reading", "after the rows", "before the end", "at the end"])
@pytest.mark.parametrize("level", ["hour", "day"])
def test_a_roll_up_that_ends_in_the_middle_is_done_again(
    level: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source()
    source.send(*operations(10, at=_yesterday()))
    drain_all()
    if level == "day":
        assert rollup.roll_up_period(DirtyPeriod.objects.get(level="hour").pk)
    period = DirtyPeriod.objects.get(level=level)

    def roll_up_and_end() -> None:
        summed, put, ensure = rollup._summed, bulk.put, rollup.partitions.ensure
        if place == "after the mark":
            monkeypatch.setattr(rollup, "_summed", lambda *arguments: end())
        if place == "after reading":
            monkeypatch.setattr(rollup, "_summed", lambda *arguments: (summed(*arguments), end()))
        if place == "after the rows":
            monkeypatch.setattr(rollup.bulk, "put", lambda *arguments: (put(*arguments), end()))
        if place == "before the end":
            monkeypatch.setattr(rollup.partitions, "ensure", lambda *arguments: (ensure(*arguments), end()))
        rollup.roll_up_period(period.pk)
        end()

    assert in_child(roll_up_and_end) == ENDED
    source.send(*operations(5, at=_yesterday()))
    drain_all()
    rollup.roll_up()
    assert _rows(HourRollup) == _rows(DayRollup) == [(15, 15, 75)]
    assert rollup.roll_up() == 0


def test_retention_keeps_minutes_that_were_not_rolled_up_yet(configure: Callable[..., None]) -> None:
    Source().send(*operations(10, at=_yesterday(0)))
    drain_all()
    # Roll-ups did not run since, and by the configuration of now these minutes are too old.
    configure(MINUTE_RETENTION_HOURS=24)
    retention.prune(get_config())
    rollup.roll_up()
    assert _rows(HourRollup) == [(10, 10, 50)]
    retention.prune(get_config())
    assert _rows(HourRollup) == _rows(DayRollup) == [(10, 10, 50)]


def test_retention_does_not_keep_what_is_never_rolled_up_for_ever(configure: Callable[..., None]) -> None:
    Source().send(*operations(10, at=_yesterday(0)))
    drain_all()
    configure(MINUTE_RETENTION_HOURS=1)
    retention.prune(get_config())
    if connections["default"].vendor == "sqlite":  # PostgreSQL drops whole days
        assert not MinuteRollup.objects.exists()
