"""Taking in: what holds for any entries, batches and drains, found by trying many."""

from __future__ import annotations

import random
import time
from collections import Counter as Tally
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitoring.intake import decode
from monitoring.intake.drain import drain
from monitoring.intake.ledger import Known, Ledger
from monitoring.intake.models import Cursor, DeadLetter, Producer
from monitoring.intake.opening import open_entries
from monitoring.metrics.models import CounterMinute, GaugeValue, LabelledTotal, Total
from monitoring.performance.models import DirtyPeriod, DurationTotal, MinuteRollup
from monitoring.recording import wire
from monitoring.recording.events import Counter, Event, Operation, Request
from monitoring.recording.sender import Lane, new_producer_id
from monitoring.storage.names import Name
from monitoring.stream.streams import MEASURES, Entry, Stream
from tests.faults.batches import Source, arrived, operations, put, waiting
from tests.pipeline import client, drain_all, intake, stream
from tests.properties import FEW, MANY, RELAXED, duration

anything = st.one_of(st.binary(max_size=60), st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore")))
plausible = st.fixed_dictionaries(
    {},
    optional={
        b"v": st.one_of(st.sampled_from([b"1", b"2", b"0", b"-1"]), anything),
        b"p": st.one_of(st.text("0123456789abcdef", min_size=1, max_size=40).map(str.encode), anything),
        b"s": st.one_of(st.integers(-(2**70), 2**70).map(lambda n: str(n).encode()), anything),
        b"c": st.one_of(st.sampled_from([b"{}", b'{"operation":5}', b"[]", b'{"a":1e3}']), anything),
        b"d": anything,
        b"g": anything,
    },
)
arbitrary = st.one_of(plausible, st.dictionaries(anything, anything, max_size=6))


@MANY
@given(st.lists(arbitrary, max_size=8))
def test_opening_arbitrary_entries_ends_with_each_one_taken_or_a_letter(entries: list[dict[bytes, bytes]]) -> None:
    ledger = Ledger({})
    found = [Entry(f"{number}-0".encode(), fields) for number, fields in enumerate(entries)]
    taken = open_entries(Stream("t", 0, MEASURES), found, ledger)
    assert len(taken.payloads) + len(taken.letters) <= len(entries)
    assert all(count >= 0 for tally in (taken.folded, taken.lost, taken.refused) for count in tally.values())


@MANY
@given(st.binary(max_size=400), st.randoms(use_true_random=False))
def test_a_damaged_payload_is_read_or_refused_and_nothing_else(noise: bytes, chance: random.Random) -> None:
    lane = Lane(new_producer_id(), 10**9)
    payload = wire.Payload("x", 0, {}, [wire.Segment("operation", 1, ["a"], _columns([5]))], [])
    lane.enqueue(wire.encode_payload(payload), {"operation": 1})
    fields = {key.encode(): v.encode() if isinstance(v, str) else bytes(v) for key, v in lane.take().fields.items()}
    data = bytearray(wire.zlib.decompress(fields[b"d"]))
    for byte in noise[:5]:
        data[chance.randrange(len(data))] = byte
    fields[b"d"] = wire.zlib.compress(bytes(data))
    try:
        found = wire.read_payload(wire.read_head(fields), fields)
        assert found is not None
        decode.check(found)
    except ValueError:
        return
    decode.gather([found], decode.Bounds(0, 2**40))


@pytest.mark.usefixtures("redis_client", "database")
@FEW
@given(st.lists(arbitrary.filter(bool), min_size=1, max_size=6))
def test_arbitrary_fields_never_stop_a_drain(entries: list[dict[bytes, bytes]]) -> None:
    before = arrived("good")
    good = Source()
    good.send(*operations(1, "good"))
    for fields in entries:
        put(fields, stream().key)
    good.send(*operations(2, "good"))
    drain_all()
    assert waiting() == 0
    assert arrived("good") == before + 3


def _columns(durations: list[int]) -> dict[str, wire.Column]:
    rows = len(durations)
    return {
        "name": wire.column("I", [0] * rows),
        "at": wire.column("I", [0] * rows),
        "duration": wire.column("Q", durations),
        "failed": wire.column("B", [0] * rows),
    }


names = st.sampled_from(["a", "b", "c"])
NOW = int(time.time()) * 10**9
moment = st.integers(0, 7_200).map(lambda seconds: NOW - seconds * 10**9)
event = st.one_of(
    st.builds(Operation, moment, duration, names, st.booleans()),
    st.builds(Request, moment, duration, st.just("GET"), names, st.sampled_from([200, 404, 500])),
    st.builds(Counter, moment, names, st.integers(0, 2**40).map(float)),
)


@pytest.mark.usefixtures("redis_client", "database")
@FEW
@given(st.lists(event, max_size=40), st.randoms(use_true_random=False))
def test_any_partition_into_batches_producers_and_drains_gives_the_same_rows(
    events: list[Event], chance: random.Random
) -> None:
    drain_all()
    _all_rows()  # an example that is given up amid its drains leaves something behind
    Source().send(*events)
    drain_all()
    at_once = _all_rows()
    sources = [Source() for _ in range(3)]
    remaining = list(events)
    chance.shuffle(remaining)
    while remaining:
        size = chance.randint(1, 8)
        part, remaining = remaining[:size], remaining[size:]
        source = chance.choice(sources)
        fields = source.batch(*part)
        for _ in range(chance.choice((1, 1, 2))):
            source.put(fields)
        if chance.random() < 0.4:
            drain_all()
    drain_all()
    assert _all_rows() == at_once


def _all_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row the drains wrote, by name instead of number, and forget them."""
    titles = dict(Name.objects.values_list("pk", "name"))
    found: dict[str, list[tuple[Any, ...]]] = {}
    measured = ("count", "errors", "total", "minimum", "maximum", "buckets")
    for model, columns in (
        (MinuteRollup, ("start", *measured)),
        (DurationTotal, measured),
        (CounterMinute, ("start", "value")),
        (Total, ("value",)),
    ):
        rows = model._default_manager.values_list("name_id", *columns)
        named = [(titles[row[0]], *row[1:-1], _bytes(row[-1])) for row in rows]
        found[model.__name__] = sorted(row for row in named)
    rows = LabelledTotal.objects.values_list("family", "label_1", "label_2", "count", "total", "buckets")
    found["LabelledTotal"] = sorted((row[0], titles.get(row[1], ""), *row[2:-1], _bytes(row[-1])) for row in rows)
    for table in (
        *(MinuteRollup, DurationTotal, CounterMinute, Total, LabelledTotal),
        *(GaugeValue, Producer, Cursor, DirtyPeriod),
    ):
        table._default_manager.all().delete()
    assert not DeadLetter.objects.exists()
    return found


def _bytes(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


class Ledgers(RuleBasedStateMachine):
    """One producer, a stream that resends and loses, and drains that stop anywhere: recorded = folded + lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane(new_producer_id(), 10**9)
        self.stream: list[dict[bytes, bytes]] = []
        self.sent: list[dict[bytes, bytes]] = []
        self.known: dict[str, Known] = {}
        self.recorded, self.folded, self.lost, self.refused = Tally(), Tally(), Tally(), Tally()

    @initialize(sequence=st.integers(0, 5))
    def begin(self, sequence: int) -> None:
        self.lane.sequence = sequence

    def _enqueue(self, rows: int, dropped: int, version: int = wire.VERSION) -> dict[bytes, bytes]:
        segment = wire.Segment("operation", rows, ["a"], _columns([1] * rows))
        data = wire.encode_payload(wire.Payload("x", 0, {}, [segment], [])) if rows else b""
        self.lane.enqueue(data, {"operation": rows + dropped})
        self.recorded["operation"] += rows + dropped
        fields = {**self.lane.take().fields, "v": str(version)}
        return {key.encode(): v.encode() if isinstance(v, str) else bytes(v) for key, v in fields.items()}

    @rule(rows=st.integers(0, 9), dropped=st.integers(0, 3), copies=st.integers(0, 3))
    def send(self, rows: int, dropped: int, copies: int) -> None:
        """Send a batch: lost, once, or resent."""
        fields = self._enqueue(rows, dropped)
        self.stream += [fields] * copies
        self.sent.append(fields)

    @rule(rows=st.integers(1, 9))
    def send_what_cannot_be_read(self, rows: int) -> None:
        self.stream.append(self._enqueue(rows, 0, wire.VERSION + 1))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def an_old_entry_comes_back(self, data: st.DataObject) -> None:
        """A stale replica has it still."""
        if self.known:
            last = self.known[self.lane.producer].sequence
            old = [fields for fields in self.sent if int(fields[b"s"]) <= last]
            if old:
                self.stream.insert(0, data.draw(st.sampled_from(old)))

    @precondition(lambda self: self.stream)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.stream.pop(data.draw(st.integers(0, len(self.stream) - 1)))

    @rule(entries=st.integers(1, 10), deleted=st.booleans())
    def drain(self, entries: int, deleted: bool) -> None:
        """Drain from the beginning; the deletion may fail."""
        taken_entries = self.stream[:entries]
        ledger = Ledger(self.known)
        found = [Entry(b"1-1", fields) for fields in taken_entries]
        # A young producer's first batch may be of any number: the clock of these entries is now.
        taken = open_entries(Stream("t", 0, MEASURES), [Entry(b"", one.fields) for one in found], ledger)
        self.known |= ledger.changed
        self.folded += taken.folded
        self.lost += taken.lost
        self.refused += taken.refused
        if deleted:
            self.stream = self.stream[entries:]

    @invariant()
    def nothing_counts_twice(self) -> None:
        assert (self.folded + self.lost + self.refused).total() <= self.recorded.total()

    def teardown(self) -> None:
        self.stream.append(self._enqueue(0, 0))
        self.drain(len(self.stream), deleted=True)
        assert self.folded + self.lost + self.refused == +self.recorded


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(RELAXED, max_examples=100, stateful_step_count=30)


def test_a_drain_of_nothing_does_nothing(redis_client: Any, database: Iterator[None]) -> None:
    assert drain(intake(), client()) == 0
    assert not Cursor.objects.exists()
