"""What is forwarded, between the drain that took it in and the sink that sends it: packed, compressed, in pieces."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from monitoring.storage.folding import Fact

LINE, ERROR, SPAN, RUN = "line", "error", "span", "run"
_MOST_RECORDS, _MOST_BYTES = 500, 2 * 1024 * 1024
_MOST_UNPACKED = 64 * 1024 * 1024
_LEVEL = 1
"""Of compression: a drain has no time to look for more."""


class Record(Struct, frozen=True, array_like=True):
    """One line, error, span, or run of a task, as it was taken in: scrubbed and bounded by who recorded it.

    Attributes:
        kind: `line`, `error`, `span` or `run`.
        at: Milliseconds since the epoch.
        values: What the fact says.
    """

    kind: str
    service: str
    environment: str
    release: str
    at: int
    values: dict[str, Any]

    @classmethod
    def of(cls, fact: Fact) -> Record:
        """Make one of a fact."""
        origin = fact.origin
        return cls(
            fact.kind, fact.service, origin.get("environment", ""), origin.get("release", ""), fact.at, fact.values
        )


@dataclass(frozen=True)
class Packed:
    """Some records.

    Attributes:
        body: The records, compressed.
        events: How many they are.
    """

    body: bytes
    events: int


class UnreadableError(Exception):
    """It does not hold records."""


def pack(records: Iterable[Record]) -> Iterator[Packed]:
    """Pack records in their order, into pieces that can be sent at once."""
    encode = msgspec.msgpack.Encoder(enc_hook=str).encode
    piece: list[msgspec.Raw] = []
    size = 0
    for record in records:
        encoded = encode(record)
        if piece and (len(piece) >= _MOST_RECORDS or size + len(encoded) > _MOST_BYTES):
            yield _packed(piece)
            piece, size = [], 0
        piece.append(msgspec.Raw(encoded))
        size += len(encoded)
    if piece:
        yield _packed(piece)


def unpack(body: bytes) -> list[Record]:
    """Return the records of a piece.

    Raises:
        UnreadableError: It holds none that this release can read.
    """
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(body, _MOST_UNPACKED)
        if inflate.unconsumed_tail:
            raise UnreadableError("It holds more than can be read.")
        return msgspec.msgpack.decode(raw, type=list[Record])
    except (zlib.error, msgspec.MsgspecError) as error:
        raise UnreadableError(f"It cannot be read: {type(error).__name__}.") from None


def _packed(piece: Sequence[msgspec.Raw]) -> Packed:
    return Packed(zlib.compress(msgspec.msgpack.encode(piece), _LEVEL), len(piece))
