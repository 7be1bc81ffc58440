"""Packing what is forwarded."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from monitoring.sinks import records
from monitoring.sinks.records import UnreadableError, pack, unpack
from tests.sinks.made import error, line, span


def test_what_is_packed_comes_out_in_its_order() -> None:
    given = [line("first", at="1"), error(), span()]

    (packed,) = pack(given)

    assert packed.events == 3
    assert unpack(packed.body) == given


def test_pieces_are_bounded_by_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_MOST_RECORDS", 2)
    assert [one.events for one in pack([line()] * 5)] == [2, 2, 1]

    monkeypatch.setattr(records, "_MOST_RECORDS", 100)
    monkeypatch.setattr(records, "_MOST_BYTES", 3_000)
    assert [one.events for one in pack([line("x" * 2_000)] * 3)] == [1, 1, 1]


def test_nothing_packs_to_nothing() -> None:
    assert list(pack([])) == []


@pytest.mark.parametrize(
    "body", [b"", b"no zlib", zlib.compress(b"no msgpack"), zlib.compress(msgspec.msgpack.encode([{"kind": 1}]))]
)
def test_what_is_no_piece_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        unpack(body)


def test_a_piece_that_unpacks_to_more_than_fits_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_MOST_UNPACKED", 1_000)

    with pytest.raises(UnreadableError, match="more than can be read"):
        unpack(next(iter(pack([line("x" * 5_000)]))).body)
