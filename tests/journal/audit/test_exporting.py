"""What was exported is proved from the file alone, however long it is."""

from __future__ import annotations

import io
import json
import tracemalloc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.conf import Config
from monitoring.journal.audit import canonical, exporting, keys, seals
from monitoring.journal.audit.models import JournalEntry

from .entries import NOW

_ROWS = 2_000
_MIB = 1024 * 1024


def _chain(count: int) -> Iterator[JournalEntry]:
    previous = canonical.GENESIS
    for sequence in range(1, count + 1):
        row = JournalEntry(entry_id=uuid.uuid4(), stream="audit", at=NOW, action="x" * 100, sealed_at=NOW)
        row.sequence, row.previous, row.details = sequence, previous, {"said": "y" * 2_000}
        previous = row.digest = canonical.digest(row, sequence, previous)
        yield row


@pytest.fixture
def key(tmp_path: Path) -> keys.SigningKey:
    return keys.signing_key(Config(journal_key_file=str(tmp_path / "key")))


def _exported(key: keys.SigningKey, count: int) -> list[str]:
    rows = list(_chain(count))
    unsigned = seals.Seal(seals.SEAL, "audit", count, rows[-1].digest, NOW.isoformat(), "", key.public)
    note = seals.Seal(**{**vars(unsigned), "signature": key.sign(unsigned.signed())})
    return list(exporting.lines(rows, [note]))


def test_a_long_export_is_proved_in_constant_memory(key: keys.SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_text("\n".join(_exported(key, _ROWS)))
    assert path.stat().st_size > 4 * _MIB
    tracemalloc.start()
    try:
        with path.open(encoding="utf-8") as file:
            told = exporting.verify(file, frozenset({key.public}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (told.entries, told.last, told.sealed, told.problems) == (_ROWS, _ROWS, _ROWS, [])
    assert peak < _MIB


@pytest.mark.parametrize("wrong", [{"sequence": "1"}, {"sequence": None}, {"entry_id": 5}, {"at": "x"}, {"no": 1}])
def test_an_entry_that_is_none_is_said(key: keys.SigningKey, wrong: dict[str, Any]) -> None:
    head, entry, *_ = _exported(key, 1)
    said = json.dumps({"entry": json.loads(entry)["entry"] | wrong})
    with pytest.raises(exporting.ExportError, match="an entry is none"):
        exporting.verify(io.StringIO(f"{head}\n{said}"), frozenset({key.public}))
