"""The bytes of an entry that its digest is of: the same on every database, in every release of Python.

Form 1 is the line `enginel journal 1`, a line feed, and a JSON array in UTF-8 without blanks: stream, sequence, id as
32 hexadecimal digits, time in whole microseconds since the epoch, the texts in the order of `_TEXTS`, the details, the
time of its sealing, and the digest of the entry before. Keys of objects are sorted by code point; numbers without a
fraction are written as integers, as PostgreSQL's `jsonb` does not keep apart what Python does: those of the shortest
decimal form that is read as that number, which is what `jsonb` keeps. Others are written in this form.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .models import JournalEntry

FORM = 1
GENESIS = "0" * 64
"""Stands for the digest before the first entry."""
_PREFIX = b"enginel journal 1\n"
_encoded = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXTS = (
    "service",
    "environment",
    "action",
    "outcome",
    "actor",
    "user_id",
    "token",
    "client",
    "target_type",
    "target_id",
    "trace_id",
    "request_id",
    "task_id",
)


def digest(entry: JournalEntry, sequence: int, previous: str) -> str:
    """Return the digest (SHA-256, hexadecimal) of an entry at its place in a chain.

    Args:
        entry: It.
        sequence: Its place.
        previous: Digest of the entry before it.
    """
    return hashlib.sha256(of(entry, sequence, previous)).hexdigest()


def of(entry: JournalEntry, sequence: int, previous: str) -> bytes:
    """Return the canonical bytes of an entry at its place in a chain."""
    said = [getattr(entry, name) for name in _TEXTS]
    sealed = microseconds(entry.sealed_at)
    values = [
        entry.stream,
        sequence,
        entry.entry_id.hex,
        microseconds(entry.at),
        *said,
        entry.details,
        sealed,
        previous,
    ]
    return _PREFIX + text(values)


def text(value: Any) -> bytes:
    """Return plain values as canonical JSON."""
    return _encoded(_plain(value)).encode("utf-8", "surrogatepass")


def microseconds(at: datetime) -> int:
    """Return a time as whole microseconds since the epoch."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(Decimal(repr(value))) if value.is_integer() else value
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
