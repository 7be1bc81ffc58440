"""Part of a chain as lines of JSON, with what proves it: whoever has the file and the public key needs nothing else.

The first line says what follows, each next one is an entry or the seal of the entry before it, and the last one says
where it ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

from . import canonical, seals
from .models import JournalEntry
from .seals import Seal
from .verifying import SEAL_FORGED, TRUNCATED, UNPROVED, Chain, Proof, walk
from .writing import FIELDS

FORM = 1


class ExportError(ValueError):
    """A file cannot be read; the message says where."""


def lines(rows: Iterable[JournalEntry], notes: Iterable[Seal]) -> Iterator[str]:
    """Return the lines of an export.

    Args:
        rows: Entries of one stream by their sequence, without gaps.
        notes: The seals of that stream, by their sequence.
    """
    number, last, coming = 0, None, iter(notes)
    note = next(coming, None)
    for row in rows:
        if last is None:
            yield _line({"enginel": "journal", "form": FORM, "stream": row.stream, "previous": row.previous})
        number, last = number + 1, row
        yield _line({"entry": _said(row)})
        while note is not None and note.sequence < row.sequence:
            note = next(coming, None)
        if note is not None and note.sequence == row.sequence:
            yield _line({"seal": asdict(note)})
    if last is not None:
        yield _line({"end": {"entries": number, "sequence": last.sequence, "digest": last.digest}})


def verify(file: Iterable[str], trusted: frozenset[str]) -> Proof:
    """Prove what an export holds, in constant memory.

    Args:
        file: Its lines.
        trusted: Public keys whose seals count.

    Raises:
        ExportError: It is no export.
        SealError: What should be a seal is none.
    """
    read = (_read(number, line) for number, line in enumerate(file, start=1) if line.strip())
    head = next(read, {})
    if head.get("enginel") != "journal" or head.get("form") != FORM:
        raise ExportError("line 1: this is no export of a journal")
    proof, sealed, end = Proof(str(head.get("stream"))), dict[int, str](), dict[str, Any]()
    rows = _entries(read, proof, sealed, end, trusted)
    first = next(rows, None)
    if first is not None:
        walk(Chain(proof.stream, chain([first], rows), first.sequence, str(head.get("previous")), sealed), proof)
        if not proof.sealed:
            proof.note(first.sequence, UNPROVED, "no seal is among them that proves anything")
    if end.get("entries") != proof.entries or (first is not None and end.get("sequence") != proof.last):
        proof.note(proof.last + 1, TRUNCATED, "the file ends before its last line")
    return proof


def _entries(
    read: Iterator[dict[str, Any]], proof: Proof, sealed: dict[int, str], end: dict[str, Any], trusted: frozenset[str]
) -> Iterator[JournalEntry]:
    """Go through the entries, each after the seal that follows it was read; of seals only the last one is held."""
    held: JournalEntry | None = None
    for said in read:
        if "entry" in said:
            if held is not None:
                yield held
            held = _entry(said["entry"])
            proof.entries += 1
        elif "end" in said:
            end.update(said["end"] if isinstance(said["end"], dict) else {})
        else:
            _take(seals.of(json.dumps(said.get("seal")).encode()), proof, sealed, trusted)
    if held is not None:
        yield held


def _take(note: Seal, proof: Proof, sealed: dict[int, str], trusted: frozenset[str]) -> None:
    if note.is_signed(trusted) and note.stream == proof.stream and note.kind == seals.SEAL:
        sealed.clear()
        sealed[note.sequence] = note.digest
    else:
        proof.note(note.sequence, SEAL_FORGED, f"the seal of entry {note.sequence} is not signed by a trusted key")


def _line(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def _said(row: JournalEntry) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in FIELDS}
    said |= {"entry_id": row.entry_id.hex, "at": canonical.microseconds(row.at)}
    said["sealed_at"] = canonical.microseconds(row.sealed_at)
    return said | {"sequence": row.sequence, "previous": row.previous, "digest": row.digest}


def _read(number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"line {number}: this is no JSON") from error
    if not isinstance(found, dict):
        raise ExportError(f"line {number}: this is no object")
    return found


def _entry(said: Any) -> JournalEntry:
    try:
        times = {name: _moment(said[name]) for name in ("at", "sealed_at")}
        entry = JournalEntry(**said | times | {"entry_id": UUID(said["entry_id"])})
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ExportError(f"an entry is none: {type(error).__name__}: {error}") from error
    if type(entry.sequence) is not int:
        raise ExportError("an entry is none: its sequence is no integer")
    return entry


def _moment(microseconds: Any) -> datetime:
    at = int(microseconds)
    return datetime.fromtimestamp(at // 1_000_000, UTC).replace(microsecond=at % 1_000_000)
