"""Part of a chain as lines of JSON, with what proves it: whoever has the file and the public key needs nothing else.

The first line says what follows, each next one is an entry, and the last ones are the seals among them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from . import canonical, seals
from .models import JournalEntry
from .seals import Seal
from .verifying import SEAL_FORGED, UNPROVED, Chain, Proof, walk
from .writing import FIELDS

FORM = 1


class ExportError(ValueError):
    """A file cannot be read; the message says where."""


def lines(rows: Iterable[JournalEntry], notes: Iterable[Seal]) -> Iterator[str]:
    """Return the lines of an export.

    Args:
        rows: Entries of one stream by their sequence, without gaps.
        notes: The seals of that stream.
    """
    first, last, stream = 0, 0, ""
    for row in rows:
        if not first:
            first, stream = row.sequence, row.stream
            yield _line({"enginel": "journal", "form": FORM, "stream": stream, "previous": row.previous})
        last = row.sequence
        yield _line({"entry": _said(row)})
    for note in notes:
        if first <= note.sequence <= last:
            yield _line({"seal": asdict(note)})


def verify(file: Iterable[str], trusted: frozenset[str]) -> Proof:
    """Prove what an export holds.

    Args:
        file: Its lines.
        trusted: Public keys whose seals count.

    Raises:
        ExportError: It is no export.
    """
    read = (_read(number, line) for number, line in enumerate(file, start=1) if line.strip())
    head = next(read, {})
    if head.get("enginel") != "journal" or head.get("form") != FORM:
        raise ExportError("line 1: this is no export of a journal")
    entries, sealed, proof = [], {}, Proof(str(head.get("stream")))
    for said in read:
        if "entry" in said:
            entries.append(_entry(said["entry"]))
            continue
        note = seals.of(json.dumps(said.get("seal")).encode())
        if note.is_signed(trusted) and note.stream == proof.stream:
            sealed[note.sequence] = note.digest
        else:
            proof.note(note.sequence, SEAL_FORGED, f"the seal of entry {note.sequence} is not signed by a trusted key")
    if entries and not sealed:
        proof.note(entries[0].sequence, UNPROVED, "no seal is among them that proves anything")
    if entries:
        proof.entries = len(entries)
        walk(Chain(proof.stream, entries, entries[0].sequence, str(head.get("previous")), sealed), proof)
    return proof


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
        return JournalEntry(**said | times | {"entry_id": UUID(said["entry_id"])})
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ExportError(f"an entry is none: {type(error).__name__}: {error}") from error


def _moment(microseconds: Any) -> datetime:
    at = int(microseconds)
    return datetime.fromtimestamp(at // 1_000_000, UTC).replace(microsecond=at % 1_000_000)
