"""Whatever events say of durations, names, times and numbers is taken in within bounds, and counted."""

from __future__ import annotations

import time
from typing import Any

import pytest

from monitoring.metrics.models import CounterMinute, GaugeValue
from monitoring.metrics.reader import totals
from monitoring.performance.models import MinuteRollup, SlowSample
from monitoring.recording import wire
from monitoring.recording.errors import capture
from monitoring.recording.events import MAX_DURATION, UNKNOWN_DURATION, Counter, Error, Gauge, Operation, Slow
from monitoring.recording.wire import Record, Segment, column
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source, arrived, operations
from tests.intake.payloads import NOW, dead_letters, operation_columns, payload_of, put_payload
from tests.pipeline import counted

pytestmark = pytest.mark.usefixtures("redis_client", "database")


@pytest.mark.parametrize(
    ("duration", "stored"),
    [(0, 0), (1, 1), (MAX_DURATION, MAX_DURATION), (MAX_DURATION + 1, MAX_DURATION), (2**64 - 2, MAX_DURATION)],
)
def test_durations_beyond_their_bounds_are_clamped_and_counted(duration: int, stored: int, good: None) -> None:
    put_payload(
        payload_of(Segment("operation", 1, ["x"], operation_columns(duration=column("Q", [duration])))),
        {"operation": 1},
    )
    assert dead_letters() == []
    assert arrived("x") == 1
    assert MinuteRollup.objects.filter(maximum=stored, minimum=stored, total=stored).exists()
    assert totals("intake").get("durations_clamped", 0) == (duration != stored)


def test_a_duration_nobody_measured_counts_without_a_duration(good: None) -> None:
    durations = column("Q", [UNKNOWN_DURATION])
    put_payload(payload_of(Segment("operation", 1, ["x"], operation_columns(duration=durations))), {"operation": 1})
    assert dead_letters() == []
    assert arrived("x") == 1
    row = MinuteRollup.objects.get(count=1)
    assert (row.total, bytes(row.buckets)) == (0, b"")


def test_sums_beyond_what_a_row_holds_stay_at_the_largest(good: None) -> None:
    rows = 400
    columns = operation_columns(rows, duration=column("Q", [MAX_DURATION] * rows))
    for _ in range(3):
        put_payload(payload_of(Segment("operation", rows, ["x"], columns)), {"operation": rows})
        assert dead_letters() == []
    assert arrived("x") == 1_200
    assert MinuteRollup.objects.filter(total=9_200_000_000_000_000_000, count=1_200).exists()


@pytest.mark.parametrize(
    "duration", [float("nan"), float("inf"), -float("inf"), None, "fast", -5, -1e30, 1e300, 10**40, [1], 5.5]
)
def test_durations_of_any_kind_can_be_recorded_and_count_once(duration: Any, good: None) -> None:
    source = Source()
    source.send(Operation(NOW(), duration, "odd", False), *operations(2, "odd"))
    assert dead_letters() == []
    assert arrived("odd") == 3
    assert counted("lost") == {}
    assert totals("intake")["durations_clamped"] == 1


NAMES: dict[str, str] = {
    "10 kB": "x" * 10_000,
    "10 kB of umlauts": "ä" * 10_000,
    "NUL": "a\0b",
    "only NUL": "\0",
    "nothing": "",
    "a lone surrogate": "a\ud800b",
    "an emoji": "\N{PILE OF POO}" * 300,
    "line breaks": "a\r\nb\u2028c",
    "percent signs": "%s %d %(x)s %",
    "quotes": "'\"; DROP TABLE x; --",
    "right to left": "\u202eabc",
    "braces": "{0} {x!r}",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_of_any_kind_can_be_recorded(name: str, good: None) -> None:
    source = Source()
    source.send(*operations(5, name), Counter(NOW(), name, 2.0), Gauge(NOW(), name, 3.0))
    assert dead_letters() == []
    assert arrived(wire.name(name)) == 5
    assert counted("folded")["counter"] == 1
    assert counted("lost") == {}


@pytest.mark.parametrize("name", [name for name in NAMES.values() if name.isprintable() or "\0" in name])
def test_names_of_any_kind_can_come_from_the_wire(name: str, good: None) -> None:
    payload = payload_of(Segment("operation", 1, [name], operation_columns()))
    payload.service = name
    put_payload(payload, {"operation": 1})
    assert dead_letters() == []
    assert arrived(wire.name(name)) == 1


def test_facts_of_any_kind_can_be_recorded(good: None) -> None:
    source = Source(FACTS)
    context = {"path": "\0", "\ud800": "\ud800", "n": float("nan"), "big": 10**400, "deep": [[[[[[1]]]]]], 5: {6: {7}}}
    taken = capture.take(ValueError("a\0b\ud800"))
    error = Error(NOW(), 1, 2**128 - 1, "\0", "\0" * 10_000, tuple(taken.chain), context, {"status": "x", "user": 5})
    source.send(Slow(NOW(), -1, "\0", "x\0\ud800", context), error)
    assert dead_letters() == []
    assert counted("folded") == {"operation": 3, "slow": 2, "error": 1}


def test_facts_of_any_kind_can_come_from_the_wire(good: None) -> None:
    values: list[dict[str, Any]] = [
        {},
        {"of": 1, "name": None, "duration": "x", "context": []},
        {"of": "\0" * 50, "name": "\0", "duration": 2**64 - 1, "context": {"trace_id": ["\0"], "\0": {"a": b"\xff"}}},
        {"chain": 5, "key": {"x": 1}, "context": {"a": [1, {"b": None}]}},
        {"chain": [5], "key": "k" * 500, "name": "n" * 500},
        {"chain": [{"type": "t" * 500, "message": None}]},
    ]
    for kind in ("slow", "error"):
        put_payload(
            payload_of(records=tuple(Record(kind, NOW(), dict(one)) for one in values)), {kind: len(values)}, FACTS
        )
    assert dead_letters() == []
    assert counted("folded") == {"operation": 3, "slow": 7, "error": 6}


@pytest.mark.parametrize("at", [-(2**63), 0, -1, 2**63 - 1, 2**64 - 1])
def test_times_far_in_the_past_and_future_are_clamped_and_counted(at: int, good: None) -> None:
    put_payload(payload_of(Segment("operation", 1, ["x"], operation_columns()), base=at), {"operation": 1})
    record = Record("slow", at, {"of": "operation", "name": "x", "duration": 1, "context": {}})
    put_payload(payload_of(records=(record,)), {"slow": 1}, FACTS)
    assert dead_letters() == []
    assert arrived("x") == 1
    assert SlowSample.objects.filter(name="x").count() == 1
    assert totals("intake")["times_clamped"] == 2
    minutes = MinuteRollup.objects.order_by("start").values_list("start", flat=True)
    now = time.time() / 60
    assert all(now - 48 * 60 <= start <= now + 1 for start in minutes)


def test_a_batch_that_spans_all_times_is_clamped_and_counted(good: None) -> None:
    times = [0, 1, 2**31, 2**32 - 1]
    put_payload(
        payload_of(Segment("operation", 4, ["x"], operation_columns(4, at=column("I", times)))), {"operation": 4}
    )
    assert dead_letters() == []
    assert arrived("x") == 4
    assert totals("intake")["times_clamped"] == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1.0, None, "x", 1e308])
def test_counters_that_are_no_number_or_negative_are_refused_and_counted(value: Any, good: None) -> None:
    source = Source()
    source.send(Counter(NOW(), "hits", 2.0), Counter(NOW(), "hits", value), Counter(NOW(), "hits", 3.0))
    assert dead_letters() == []
    assert totals("metric")["hits"] == 5
    assert CounterMinute.objects.filter(value=5.0).exists()
    assert totals("intake")["counters_refused"] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None, "x"])
def test_gauges_that_are_no_number_are_refused_and_counted(value: Any, good: None) -> None:
    source = Source()
    source.send(Gauge(NOW(), "level", 2.0), Gauge(NOW() + 1, "level", value))
    assert dead_letters() == []
    assert list(GaugeValue.objects.values_list("value", flat=True)) == [2.0]
    assert totals("intake")["gauges_refused"] == 1


@pytest.mark.parametrize("value", [-1e308, 1e308, 5e-324, -0.0])
def test_gauges_at_the_ends_of_what_a_float_holds_are_kept(value: float, good: None) -> None:
    Source().send(Gauge(NOW(), "level", value))
    assert dead_letters() == []
    assert list(GaugeValue.objects.values_list("value", flat=True)) == [value]


def test_increments_add_up_to_a_bound_instead_of_infinity(good: None) -> None:
    for _ in range(3):
        Source().send(*[Counter(NOW(), "hits", 1e300)] * 20)
        assert dead_letters() == []
    assert totals("metric")["hits"] == 1e300


def test_notes_of_a_sender_are_bounded(good: None) -> None:
    notes = {"durations_clamped": 5, "names_clamped": -5, "rows_deleted": 7, "x" * 500: 1}
    put_payload(payload_of(noted=notes), {})
    assert dead_letters() == []
    assert totals("intake").get("durations_clamped") == 5
    assert set(totals("intake")) <= {"durations_clamped", "events_folded:operation", "events_folded:slow"}
