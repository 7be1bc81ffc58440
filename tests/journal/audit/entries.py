"""Entries of the journal for tests."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from monitoring.journal.audit import sealing
from monitoring.journal.audit.models import JournalEntry
from monitoring.journal.audit.writing import NewEntry, write

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


def new(action: str = "block.lift", stream: str = "audit", **values: Any) -> NewEntry:
    """An entry, of a random id unless given."""
    return NewEntry(
        **{"entry_id": uuid.uuid4(), "stream": stream, "at": NOW, "action": action, "actor": "ann"} | values
    )


def written(count: int, stream: str = "audit", **values: Any) -> list[NewEntry]:
    """Write so many entries."""
    made = [new(f"work.{number}", stream, **values) for number in range(count)]
    write(made, connection.alias)
    return made


def sealed(count: int, stream: str = "audit", **values: Any) -> list[JournalEntry]:
    """Write and seal so many entries; return the whole chain."""
    written(count, stream, **values)
    sealing.seal(connection.alias, NOW)
    return list(JournalEntry.objects.filter(stream=stream).order_by("sequence"))
