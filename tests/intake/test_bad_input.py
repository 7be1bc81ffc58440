"""Whatever lies in a stream becomes a dead letter, or is clamped and counted; the good batches beside it count."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest

from monitoring.intake.models import DeadLetter, Producer
from monitoring.metrics.models import CounterMinute, GaugeValue
from monitoring.metrics.reader import totals
from monitoring.performance.models import MinuteRollup, SlowSample
from monitoring.recording import errors, wire
from monitoring.recording.events import MAX_DURATION, UNKNOWN_DURATION, Counter, Error, Gauge, Operation, Slow
from monitoring.recording.wire import Payload, Record, Segment, column
from monitoring.stream.streams import FACTS, MEASURES
from tests.faults.batches import Source, arrived, opened, operations, put, slow, waiting, with_payload
from tests.pipeline import counted, drain_all, stream

pytestmark = pytest.mark.usefixtures("redis_client", "database")

NOW = time.time_ns
Fields = dict[str, Any]


@pytest.fixture
def good() -> Iterator[None]:
    """Surround what a test puts into the streams with good batches; in the end exactly those must be counted."""
    measures, facts = Source(), Source(FACTS)
    measures.send(*operations(3, "good"))
    facts.send(slow("good"))
    yield
    measures.send(*operations(4, "good"))
    facts.send(slow("good"))
    drain_all()
    assert arrived("good") == 7
    assert SlowSample.objects.filter(name="good").count() == 2
    assert (waiting(), waiting(FACTS)) == (0, 0)


def _letters() -> list[str]:
    drain_all()
    return sorted(DeadLetter.objects.values_list("reason", flat=True))


def _columns(rows: int = 1, **changed: Any) -> dict[str, wire.Column]:
    columns = {
        "name": column("I", [0] * rows),
        "at": column("I", [0] * rows),
        "duration": column("Q", [5] * rows),
        "failed": column("B", [0] * rows),
    }
    return {title: values for title, values in (columns | changed).items() if values is not None}


def _payload(*segments: Segment, records: tuple[Record, ...] = (), base: int | None = None, **more: Any) -> Payload:
    return Payload("enginel", NOW() if base is None else base, {}, list(segments), list(records), **more)


def _put(payload: Payload, counts: Mapping[str, int], lane: str = MEASURES) -> Source:
    source = Source(lane)
    source.lane.enqueue(wire.encode_payload(payload), counts)
    source.put(source.lane.take().fields)
    return source


HEADS: dict[str, Callable[[Fields], Fields]] = {
    "no fields of ours": lambda fields: {"x": "y"},
    "no producer": lambda fields: {key: value for key, value in fields.items() if key != "p"},
    "no sequence": lambda fields: {key: value for key, value in fields.items() if key != "s"},
    "no counts": lambda fields: {key: value for key, value in fields.items() if key != "c"},
    "no version": lambda fields: {key: value for key, value in fields.items() if key != "v"},
    "version 0": lambda fields: {**fields, "v": "0"},
    "version beyond integers": lambda fields: {**fields, "v": str(2**31)},
    "version in words": lambda fields: {**fields, "v": "one"},
    "sequence 0": lambda fields: {**fields, "s": "0"},
    "negative sequence": lambda fields: {**fields, "s": "-1"},
    "sequence 2^63": lambda fields: {**fields, "s": str(2**63)},
    "sequence of 10,000 digits": lambda fields: {**fields, "s": "9" * 10_000},
    "empty producer": lambda fields: {**fields, "p": ""},
    "long producer": lambda fields: {**fields, "p": "a" * 33},
    "producer with NUL": lambda fields: {**fields, "p": "a\0b"},
    "producer that is no text": lambda fields: {**fields, "p": b"\xff\xfe"},
    "counts that are a list": lambda fields: {**fields, "c": "[1]"},
    "counts of text": lambda fields: {**fields, "c": '{"operation":"1"}'},
    "counts of fractions": lambda fields: {**fields, "c": '{"operation":1.5}'},
    "negative counts": lambda fields: {**fields, "c": '{"operation":-1}'},
    "huge counts": lambda fields: {**fields, "c": '{"operation":9007199254740992}'},
    "counts of NaN": lambda fields: {**fields, "c": '{"operation":NaN}'},
    "counts cut off": lambda fields: {**fields, "c": '{"operation":1'},
    "counts of strange kinds": lambda fields: {**fields, "c": '{"../etc":1}'},
    "counts of a kind with a line break": lambda fields: {**fields, "c": '{"operation\\n":1}'},
    "counts of a lone surrogate": lambda fields: {**fields, "c": '{"\\ud800":1}'},
    "counts of too many kinds": lambda fields: {
        **fields,
        "c": "{" + ",".join(f'"{chr(97 + n // 26)}{chr(97 + n % 26)}":1' for n in range(101)) + "}",
    },
    "counts nested deeply": lambda fields: {**fields, "c": "[" * 100_000},
}


@pytest.mark.parametrize("change", HEADS.values(), ids=HEADS)
def test_an_entry_whose_plain_fields_are_wrong_is_unreadable(change: Callable[[Fields], Fields], good: None) -> None:
    put(change(dict(Source().batch(*operations(9)))), stream().key)
    assert _letters() == ["unreadable"]
    assert totals("intake")["entries_unreadable"] == 1
    assert arrived() == 0


def test_sequences_up_to_the_largest_count_and_nothing_counts_after_them(good: None) -> None:
    source = Source()
    source.lane.sequence = 2**63 - 2
    source.send(*operations(2))
    source.put({**source.batch(*operations(2)), "s": str(2**63)})
    assert _letters() == ["unreadable"]
    assert arrived() == 2
    assert Producer.objects.get(producer=source.id).sequence == 2**63 - 1


PAYLOADS: dict[str, Callable[[bytes], bytes]] = {
    "a byte": lambda data: data[:1],
    "cut in the middle": lambda data: data[: len(data) // 2],
    "without its last byte": lambda data: data[:-1],
    "random bytes": lambda data: random.Random(1).randbytes(500),
    "not compressed": zlib.decompress,
    "compressed text": lambda data: zlib.compress(b"hello"),
    "compressed nothing": lambda data: zlib.compress(b""),
    "a list": lambda data: zlib.compress(msgspec.msgpack.encode([1, 2])),
    "nested deeply": lambda data: zlib.compress(b"\x91" * 200_000),
    "a map that claims four billion pairs": lambda data: zlib.compress(b"\xdf\xff\xff\xff\xff"),
    "no segments": lambda data: zlib.compress(msgspec.msgpack.encode({"service": "x", "base": 0})),
    "text that is not UTF-8": lambda data: zlib.compress(zlib.decompress(data).replace(b"work", b"\xff\xfe\xff\xfe")),
    "a lone surrogate": lambda data: zlib.compress(zlib.decompress(data).replace(b"work", b"\xed\xa0\x80k")),
    "a bomb": lambda data: zlib.compress(b"\0" * (wire.MAX_PAYLOAD_BYTES + 1)),
}


@pytest.mark.parametrize("change", PAYLOADS.values(), ids=PAYLOADS)
def test_an_entry_whose_payload_is_wrong_is_unreadable_and_its_events_are_counted_as_refused(
    change: Callable[[bytes], bytes], good: None
) -> None:
    source = Source()
    fields = dict(source.batch(*operations(9)))
    source.put({**fields, "d": change(bytes(fields["d"]))})
    source.send(*operations(2))
    assert _letters() == ["unreadable"]
    assert arrived() == 2
    assert counted("refused") == {"operation": 9}
    assert counted("lost") == {}


SEGMENTS: dict[str, Segment] = {
    "an unknown kind": Segment("teapot", 1, ["x"], _columns()),
    "a missing column": Segment("operation", 1, ["x"], _columns(duration=None)),
    "a column of another type": Segment("operation", 1, ["x"], _columns(duration=column("d", [1.0]))),
    "a column of an unknown type": Segment("operation", 1, ["x"], _columns(duration=wire.Column("z", b"1"))),
    "a column that is too short": Segment("operation", 2, ["x"], _columns(2, duration=column("Q", [1]))),
    "a column that is too long": Segment("operation", 1, ["x"], _columns(1, duration=column("Q", [1, 2]))),
    "names pointed outside of": Segment("operation", 1, ["x"], _columns(name=column("I", [1]))),
    "names pointed far outside of": Segment("operation", 1, ["x"], _columns(name=column("I", [2**32 - 1]))),
    "no names": Segment("operation", 1, [], _columns()),
    "more names than rows": Segment("operation", 1, [""] * 1_000_000, _columns()),
    "a negative number of rows": Segment("operation", -1, ["x"], _columns(0)),
    "a huge number of rows": Segment("operation", 2**40, ["x"], _columns()),
    "an unknown column of a wrong length": Segment("operation", 1, ["x"], _columns(extra=column("B", [1, 2]))),
}


@pytest.mark.parametrize("segment", SEGMENTS.values(), ids=SEGMENTS)
def test_a_batch_with_a_wrong_segment_is_unreadable(segment: Segment, good: None) -> None:
    _put(_payload(Segment("operation", 1, ["work"], _columns()), segment), {"operation": 2})
    assert _letters() == ["unreadable"]
    assert arrived() == arrived("x") == 0
    assert counted("refused") == {"operation": 2}


def test_an_unknown_fact_is_unreadable(good: None) -> None:
    _put(_payload(records=(Record("teapot", NOW(), {}),)), {"slow": 1}, FACTS)
    assert _letters() == ["unreadable"]


def test_an_unknown_column_of_the_right_length_is_left_alone(good: None) -> None:
    _put(_payload(Segment("operation", 1, ["x"], _columns(extra=column("B", [1])))), {"operation": 1})
    assert _letters() == []
    assert arrived("x") == 1


def test_a_segment_without_rows_counts_nothing(good: None) -> None:
    _put(
        _payload(
            Segment("operation", 0, [], _columns(0)),
            Segment(
                "request",
                0,
                [],
                {
                    "name": column("I", []),
                    "at": column("I", []),
                    "duration": column("Q", []),
                    "status": column("H", []),
                },
            ),
        ),
        {},
    )
    _put(_payload(), {})
    assert _letters() == []
    assert counted("folded") == {"operation": 3, "slow": 1}
    assert counted("lost") == {}


def test_counts_that_go_backwards_lose_nothing_twice(good: None) -> None:
    source = Source()
    for counts in (100, 40, 60, 110):
        fields = source.batch(*operations(10))
        source.put({**fields, "c": f'{{"operation":{counts}}}'})
    assert _letters() == []
    assert arrived() == 40
    # 110 were recorded and 40 of them arrived; what the counts say in between is no reason to report more.
    assert counted("lost")["operation"] <= 90
    source.lane.counts["operation"] = 110
    source.send(*operations(5))
    before = counted("lost")["operation"]
    drain_all()
    assert counted("lost")["operation"] == before


def test_what_a_payload_holds_beyond_its_counts_hides_no_loss_of_another_producer(good: None) -> None:
    liar, honest = Source(), Source()
    liar.put({**liar.batch(*operations(50)), "c": '{"operation":1}'})
    honest.batch(*operations(20))
    honest.send(*operations(1))
    drain_all()
    assert counted("lost") == {"operation": 20}


@pytest.mark.parametrize(
    ("duration", "stored"),
    [(0, 0), (1, 1), (MAX_DURATION, MAX_DURATION), (MAX_DURATION + 1, MAX_DURATION), (2**64 - 2, MAX_DURATION)],
)
def test_durations_beyond_their_bounds_are_clamped_and_counted(duration: int, stored: int, good: None) -> None:
    _put(_payload(Segment("operation", 1, ["x"], _columns(duration=column("Q", [duration])))), {"operation": 1})
    assert _letters() == []
    assert arrived("x") == 1
    assert MinuteRollup.objects.filter(maximum=stored, minimum=stored, total=stored).exists()
    assert totals("intake").get("durations_clamped", 0) == (duration != stored)


def test_a_duration_nobody_measured_counts_without_a_duration(good: None) -> None:
    durations = column("Q", [UNKNOWN_DURATION])
    _put(_payload(Segment("operation", 1, ["x"], _columns(duration=durations))), {"operation": 1})
    assert _letters() == []
    assert arrived("x") == 1
    row = MinuteRollup.objects.get(count=1)
    assert (row.total, bytes(row.buckets)) == (0, b"")


def test_sums_beyond_what_a_row_holds_stay_at_the_largest(good: None) -> None:
    rows = 400
    columns = _columns(rows, duration=column("Q", [MAX_DURATION] * rows))
    for _ in range(3):
        _put(_payload(Segment("operation", rows, ["x"], columns)), {"operation": rows})
        assert _letters() == []
    assert arrived("x") == 1_200
    assert MinuteRollup.objects.filter(total=9_200_000_000_000_000_000, count=1_200).exists()


@pytest.mark.parametrize(
    "duration", [float("nan"), float("inf"), -float("inf"), None, "fast", -5, -1e30, 1e300, 10**40, [1], 5.5]
)
def test_durations_of_any_kind_can_be_recorded_and_count_once(duration: Any, good: None) -> None:
    source = Source()
    source.send(Operation(NOW(), duration, "odd", False), *operations(2, "odd"))
    assert _letters() == []
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
    assert _letters() == []
    assert arrived(wire.name(name)) == 5
    assert counted("folded")["counter"] == 1
    assert counted("lost") == {}


@pytest.mark.parametrize("name", [name for name in NAMES.values() if name.isprintable() or "\0" in name])
def test_names_of_any_kind_can_come_from_the_wire(name: str, good: None) -> None:
    payload = _payload(Segment("operation", 1, [name], _columns()))
    payload.service = name
    _put(payload, {"operation": 1})
    assert _letters() == []
    assert arrived(wire.name(name)) == 1


def test_facts_of_any_kind_can_be_recorded(good: None) -> None:
    source = Source(FACTS)
    context = {"path": "\0", "\ud800": "\ud800", "n": float("nan"), "big": 10**400, "deep": [[[[[[1]]]]]], 5: {6: {7}}}
    error = errors.capture(ValueError("a\0b\ud800"), "\0" * 10_000, errors.Limiter(1), None)
    assert isinstance(error, Error)
    source.send(Slow(NOW(), -1, "\0", "x\0\ud800", context), msgspec.structs.replace(error, context=context))
    assert _letters() == []
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
        _put(_payload(records=tuple(Record(kind, NOW(), dict(one)) for one in values)), {kind: len(values)}, FACTS)
    assert _letters() == []
    assert counted("folded") == {"operation": 3, "slow": 7, "error": 6}


@pytest.mark.parametrize("at", [-(2**63), 0, -1, 2**63 - 1, 2**64 - 1])
def test_times_far_in_the_past_and_future_are_clamped_and_counted(at: int, good: None) -> None:
    _put(_payload(Segment("operation", 1, ["x"], _columns()), base=at), {"operation": 1})
    record = Record("slow", at, {"of": "operation", "name": "x", "duration": 1, "context": {}})
    _put(_payload(records=(record,)), {"slow": 1}, FACTS)
    assert _letters() == []
    assert arrived("x") == 1
    assert SlowSample.objects.filter(name="x").count() == 1
    assert totals("intake")["times_clamped"] == 2
    minutes = MinuteRollup.objects.order_by("start").values_list("start", flat=True)
    now = time.time() / 60
    assert all(now - 48 * 60 <= start <= now + 1 for start in minutes)


def test_a_batch_that_spans_all_times_is_clamped_and_counted(good: None) -> None:
    times = [0, 1, 2**31, 2**32 - 1]
    _put(_payload(Segment("operation", 4, ["x"], _columns(4, at=column("I", times)))), {"operation": 4})
    assert _letters() == []
    assert arrived("x") == 4
    assert totals("intake")["times_clamped"] == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1.0, None, "x", 1e308])
def test_counters_that_are_no_number_or_negative_are_refused_and_counted(value: Any, good: None) -> None:
    source = Source()
    source.send(Counter(NOW(), "hits", 2.0), Counter(NOW(), "hits", value), Counter(NOW(), "hits", 3.0))
    assert _letters() == []
    assert totals("metric")["hits"] == 5
    assert CounterMinute.objects.filter(value=5.0).exists()
    assert totals("intake")["counters_refused"] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None, "x"])
def test_gauges_that_are_no_number_are_refused_and_counted(value: Any, good: None) -> None:
    source = Source()
    source.send(Gauge(NOW(), "level", 2.0), Gauge(NOW() + 1, "level", value))
    assert _letters() == []
    assert list(GaugeValue.objects.values_list("value", flat=True)) == [2.0]
    assert totals("intake")["gauges_refused"] == 1


@pytest.mark.parametrize("value", [-1e308, 1e308, 5e-324, -0.0])
def test_gauges_at_the_ends_of_what_a_float_holds_are_kept(value: float, good: None) -> None:
    Source().send(Gauge(NOW(), "level", value))
    assert _letters() == []
    assert list(GaugeValue.objects.values_list("value", flat=True)) == [value]


def test_increments_add_up_to_a_bound_instead_of_infinity(good: None) -> None:
    for _ in range(3):
        Source().send(*[Counter(NOW(), "hits", 1e300)] * 20)
        assert _letters() == []
    assert totals("metric")["hits"] == 1e300


def test_notes_of_a_sender_are_bounded(good: None) -> None:
    notes = {"durations_clamped": 5, "names_clamped": -5, "rows_deleted": 7, "x" * 500: 1}
    _put(_payload(noted=notes), {})
    assert _letters() == []
    assert totals("intake").get("durations_clamped") == 5
    assert set(totals("intake")) <= {"durations_clamped", "events_folded:operation", "events_folded:slow"}


def test_wrong_batches_of_every_kind_at_once_do_not_hold_up_the_good_ones(good: None) -> None:
    chance = random.Random(3)
    for change in HEADS.values():
        put(change(dict(Source().batch(*operations(1)))), stream().key)
    for damage in PAYLOADS.values():
        source = Source()
        fields = dict(source.batch(*operations(1)))
        source.put({**fields, "d": damage(bytes(fields["d"]))})
        if chance.random() < 0.5:
            source.send(*operations(1, "between"))
    for segment in SEGMENTS.values():
        _put(_payload(segment), {"operation": 1})
    drain_all()
    assert set(_letters()) == {"unreadable"}
    assert counted("lost") == {}
    assert arrived("between") == Producer.objects.filter(sequence=2).count()


def test_a_payload_written_by_hand_is_the_same_as_an_encoded_one() -> None:
    source = Source()
    fields = source.batch(*operations(2))
    source.put(with_payload(fields, opened(fields)))
    drain_all()
    assert arrived() == 2
