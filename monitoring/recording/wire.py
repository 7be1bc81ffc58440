"""The wire format of the event streams, written and read here and nowhere else.

An entry has five plain fields: `v` version, `p` producer, `s` sequence number, `c` cumulative counts by kind as JSON,
`d` the payload (zlib over msgpack), empty in a keep-alive; a goodbye carries `g`, and what had to wait for Redis `w`,
for how many seconds that was away. A payload holds columnar segments of measures (each with a dictionary of the names
it uses) and single records of facts. Columns name their type, so that a reader takes those it knows; integers are
little-endian.
"""

from __future__ import annotations

import re
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

VERSION = 6
"""Version 2 brought columns of text, and what is known of tasks before they end; version 3 errors with fingerprints;
version 4 requests that were answered with 5xx; version 5 calls to dependencies, and requests for recovery;
version 6 lines, spans, entries of the journal, and what clients asked for."""
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024
MAX_NAME = 200
MAX_AWAY = 86_400
TEXT = "U"
_BYTES = {"B": 1, "H": 2, "I": 4, "Q": 8, "q": 8, "d": 8}
_KIND = re.compile(r"[a-z_]{1,32}")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_TO_PLAIN, _FROM_PLAIN = msgspec.json.Encoder(), msgspec.json.Decoder()
_NUL = b"\\u0000"
_LITTLE_ENDIAN = sys.byteorder == "little"


class WireError(ValueError):
    """The entry cannot be read; the message says why."""


class NewerVersionError(WireError):
    """The entry was written by a newer release and has to wait for the upgrade."""


class Column(msgspec.Struct, array_like=True):
    """Values of one column: an `array` type code and the bytes; `U` stands for texts, each ended by a NUL."""

    code: str
    data: bytes


class Segment(msgspec.Struct):
    """Measures of one kind. Columns of names hold indexes into `names`."""

    kind: str
    rows: int
    names: list[str]
    columns: dict[str, Column]


class Record(msgspec.Struct):
    """One fact. `at` is in nanoseconds since the epoch."""

    kind: str
    at: int
    values: dict[str, Any]


class Payload(msgspec.Struct):
    """What one batch carries.

    `base` is the time, in nanoseconds since the epoch, that `at` columns count milliseconds from; `noted` counts what
    the sender clamped.
    """

    service: str
    base: int
    origin: dict[str, str]
    segments: list[Segment]
    records: list[Record]
    noted: dict[str, int] = {}


@dataclass(frozen=True)
class Head:
    """What an entry says of itself without its payload being opened."""

    version: int
    producer: str
    sequence: int
    counts: Mapping[str, int]
    goodbye: bool
    away: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Payload)
_counts_decoder = msgspec.json.Decoder(dict[str, int])


def column(code: str, values: Sequence[Any]) -> Column:
    """Pack values into a column of an `array` type code."""
    packed = array(code, values)
    if not _LITTLE_ENDIAN:
        packed.byteswap()
    return Column(code, packed.tobytes())


def texts(values: Sequence[str]) -> Column:
    """Pack bounded texts into a column."""
    return Column(TEXT, b"".join(name(value).encode() + b"\0" for value in values))


def read_texts(values: Column) -> list[str]:
    """Return the texts of a column.

    Raises:
        WireError: They are not UTF-8.
    """
    try:
        return values.data.decode().split("\0")[:-1]
    except UnicodeDecodeError as error:
        raise WireError("a column of texts is not UTF-8") from error


def name(value: str) -> str:
    """Bound a name and replace what no database stores."""
    if len(value) <= MAX_NAME and value.isascii() and "\0" not in value:
        return value
    cut = value[:MAX_NAME].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cut.encode("utf-8", "replace").decode()


def encode_payload(payload: Payload) -> bytes:
    """Write a payload in its compressed form."""
    return zlib.compress(_encoder.encode(payload), 1)


def entry(
    producer: str, sequence: int, counts: Mapping[str, int], data: bytes, *, goodbye: bool = False
) -> dict[str, str | bytes]:
    """Return the fields of a stream entry."""
    fields: dict[str, str | bytes] = {
        "v": str(VERSION),
        "p": producer,
        "s": str(sequence),
        "c": msgspec.json.encode(counts),
        "d": data,
    }
    if goodbye:
        fields["g"] = "1"
    return fields


def read_head(fields: Mapping[bytes, bytes]) -> Head:
    """Read the plain fields of an entry.

    Raises:
        WireError: A field is missing or not of its form.
    """
    try:
        producer = fields[b"p"].decode("ascii")
        counts = _counts_decoder.decode(fields[b"c"])
        head = Head(int(fields[b"v"]), producer, int(fields[b"s"]), counts, b"g" in fields, _away(fields))
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise WireError(f"unreadable fields: {type(error).__name__}: {error}"[:500]) from error
    plausible = 0 < head.version < 2**31 and 0 < head.sequence < 2**63 and producer.isalnum() and len(producer) <= 32
    if not plausible or len(counts) > 100 or not all(_KIND.fullmatch(k) and 0 <= n < 2**53 for k, n in counts.items()):
        raise WireError("producer, sequence or counts out of range")
    return head


def waited(seconds: float) -> dict[str, str | bytes]:
    """Return the field of an entry that could not be sent before, as Redis was away; none for a moment's absence."""
    return {"w": str(int(min(seconds, MAX_AWAY)))} if seconds >= 1 else {}


def _away(fields: Mapping[bytes, bytes]) -> int:
    return max(0, min(int(fields.get(b"w", b"0")), MAX_AWAY))


def read_payload(head: Head, fields: Mapping[bytes, bytes]) -> Payload | None:
    """Open an entry's payload; a keep-alive has none.

    Raises:
        NewerVersionError: The entry is of a later wire version.
        WireError: The payload is truncated, too large, or not of its form.
    """
    if head.version > VERSION:
        raise NewerVersionError(f"wire version {head.version} is newer than {VERSION}")
    data = fields.get(b"d", b"")
    if not data:
        return None
    try:
        opener = zlib.decompressobj()
        raw = opener.decompress(data, MAX_PAYLOAD_BYTES)
        if opener.unconsumed_tail or not opener.eof:
            raise WireError("payload is truncated or beyond its size limit")
        payload = _decoder.decode(raw)
    except (zlib.error, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise WireError(f"unreadable payload: {type(error).__name__}: {error}"[:500]) from error
    for segment in payload.segments:
        _check(segment)
    return payload


def _check(segment: Segment) -> None:
    """Make sure that every column has a known type and as many values as the segment has rows."""
    if not 0 <= segment.rows < 2**31:
        raise WireError(f"segment {segment.kind!r} has an impossible number of rows")
    for title, values in segment.columns.items():
        if _values(values) != segment.rows:
            raise WireError(f"column {title!r} of segment {segment.kind!r} does not have {segment.rows} values")


def _values(values: Column) -> int:
    """Count the values of a column; -1 for one of no known form."""
    if values.code == TEXT:
        return values.data.count(b"\0") if not values.data or values.data.endswith(b"\0") else -1
    width = _BYTES.get(values.code)
    return len(values.data) // width if width and len(values.data) % width == 0 else -1


def clean(item: Any) -> Any:
    """Copy decoded values as plain ones, with every NUL and what is no Unicode replaced: no database stores them."""
    if isinstance(item, str):
        return item.replace("\0", _REPLACEMENT) if "\0" in item else item
    try:
        encoded = _TO_PLAIN.encode(item)
    except (TypeError, ValueError, RecursionError):  # what no release of ours sends
        return _clean_part(item)
    return _clean_part(item) if _NUL in encoded else _FROM_PLAIN.decode(encoded)


def _clean_part(item: Any) -> Any:
    if isinstance(item, str):
        return item.replace("\0", _REPLACEMENT).encode("utf-8", "replace").decode()
    if isinstance(item, dict):
        return {str(_clean_part(key)): _clean_part(part) for key, part in item.items()}
    if isinstance(item, list | tuple):
        return [_clean_part(part) for part in item]
    return item if item is None or isinstance(item, bool | int | float) else str(item)
