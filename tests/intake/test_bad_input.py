"""Whatever lies in a stream becomes a dead letter; the good batches beside it count."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from monitoring.intake.models import DeadLetter, Producer
from monitoring.metrics.reader import totals
from monitoring.recording import wire
from monitoring.recording.wire import Record, Segment, column
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source, arrived, opened, operations, put, with_payload
from tests.intake.payloads import dead_letters, operation_columns, payload_of, put_payload
from tests.pipeline import counted, drain_all, stream

pytestmark = pytest.mark.usefixtures("redis_client", "database")

Fields = dict[str, Any]

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
    assert dead_letters() == ["unreadable"]
    assert totals("intake")["entries_unreadable"] == 1
    assert arrived() == 0


def test_sequences_up_to_the_largest_count_and_nothing_counts_after_them(good: None) -> None:
    source = Source()
    source.lane.sequence = 2**63 - 2
    source.send(*operations(2))
    source.put({**source.batch(*operations(2)), "s": str(2**63)})
    assert dead_letters() == ["unreadable"]
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
    assert dead_letters() == ["unreadable"]
    assert arrived() == 2
    assert counted("refused") == {"operation": 9}
    assert counted("lost") == {}


def test_a_payload_is_opened_up_to_its_size_limit_and_refused_beyond_it(good: None) -> None:
    def of_size(size: int) -> bytes:
        payload = payload_of(Segment("operation", 1, ["w" * size], operation_columns()))
        raw = zlib.decompress(wire.encode_payload(payload))
        payload.segments[0].names[0] = "w" * (2 * size - len(raw))
        return wire.encode_payload(payload)

    for size in (wire.MAX_PAYLOAD_BYTES, wire.MAX_PAYLOAD_BYTES + 1):
        source = Source()
        source.lane.enqueue(of_size(size), {"operation": 1})
        source.put(source.lane.take().fields)
    assert dead_letters() == ["unreadable"]
    assert "size limit" in DeadLetter.objects.get().error
    assert arrived(wire.name("w" * wire.MAX_NAME)) == 1
    assert counted("refused") == {"operation": 1}


SEGMENTS: dict[str, Segment] = {
    "an unknown kind": Segment("teapot", 1, ["x"], operation_columns()),
    "a missing column": Segment("operation", 1, ["x"], operation_columns(duration=None)),
    "a column of another type": Segment("operation", 1, ["x"], operation_columns(duration=column("d", [1.0]))),
    "a column of an unknown type": Segment("operation", 1, ["x"], operation_columns(duration=wire.Column("z", b"1"))),
    "a column that is too short": Segment("operation", 2, ["x"], operation_columns(2, duration=column("Q", [1]))),
    "a column that is too long": Segment("operation", 1, ["x"], operation_columns(1, duration=column("Q", [1, 2]))),
    "names pointed outside of": Segment("operation", 1, ["x"], operation_columns(name=column("I", [1]))),
    "names pointed far outside of": Segment("operation", 1, ["x"], operation_columns(name=column("I", [2**32 - 1]))),
    "no names": Segment("operation", 1, [], operation_columns()),
    "more names than rows": Segment("operation", 1, [""] * 1_000_000, operation_columns()),
    "a negative number of rows": Segment("operation", -1, ["x"], operation_columns(0)),
    "a huge number of rows": Segment("operation", 2**40, ["x"], operation_columns()),
    "an unknown column of a wrong length": Segment("operation", 1, ["x"], operation_columns(extra=column("B", [1, 2]))),
}


@pytest.mark.parametrize("segment", SEGMENTS.values(), ids=SEGMENTS)
def test_a_batch_with_a_wrong_segment_is_unreadable(segment: Segment, good: None) -> None:
    put_payload(payload_of(Segment("operation", 1, ["work"], operation_columns()), segment), {"operation": 2})
    assert dead_letters() == ["unreadable"]
    assert arrived() == arrived("x") == 0
    assert counted("refused") == {"operation": 2}


def test_an_unknown_fact_is_unreadable(good: None) -> None:
    put_payload(payload_of(records=(Record("teapot", 0, {}),)), {"slow": 1}, FACTS)
    assert dead_letters() == ["unreadable"]


def test_an_unknown_column_of_the_right_length_is_left_alone(good: None) -> None:
    put_payload(payload_of(Segment("operation", 1, ["x"], operation_columns(extra=column("B", [1])))), {"operation": 1})
    assert dead_letters() == []
    assert arrived("x") == 1


def test_a_segment_without_rows_counts_nothing(good: None) -> None:
    put_payload(
        payload_of(
            Segment("operation", 0, [], operation_columns(0)),
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
    put_payload(payload_of(), {})
    assert dead_letters() == []
    assert counted("folded") == {"operation": 3, "slow": 1}
    assert counted("lost") == {}


def test_counts_that_go_backwards_lose_nothing_twice(good: None) -> None:
    source = Source()
    for counts in (100, 40, 60, 110):
        fields = source.batch(*operations(10))
        source.put({**fields, "c": f'{{"operation":{counts}}}'})
    assert dead_letters() == []
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
        put_payload(payload_of(segment), {"operation": 1})
    drain_all()
    assert set(dead_letters()) == {"unreadable"}
    assert counted("lost") == {}
    assert arrived("between") == Producer.objects.filter(sequence=2).count()


def test_a_payload_written_by_hand_is_the_same_as_an_encoded_one() -> None:
    source = Source()
    fields = source.batch(*operations(2))
    source.put(with_payload(fields, opened(fields)))
    drain_all()
    assert arrived() == 2
