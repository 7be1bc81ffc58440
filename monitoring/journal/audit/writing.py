"""Writing entries: they wait in a table from the transaction on in which what they tell of was done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from monitoring.recording import wire

from .models import EntryModel, JournalEntry, PendingEntry


@dataclass(frozen=True)
class NewEntry:
    """An entry as it is written.

    Attributes:
        entry_id: Its own id: whoever writes it again changes nothing.
        stream: `audit`, `business` or `security`.
        at: When what it tells of was done, aware.
        action: What was done, as object and verb.
        outcome: `success`, `failure` or `denied`.
        details: What else is to be kept, as plain JSON.
    """

    entry_id: UUID
    stream: str
    at: datetime
    service: str = ""
    environment: str = ""
    action: str = ""
    outcome: str = "success"
    actor: str = ""
    user_id: str = ""
    token: str = ""
    client: str = ""
    target_type: str = ""
    target_id: str = ""
    trace_id: str = ""
    request_id: str = ""
    task_id: str = ""
    details: dict[str, Any] = field(default_factory=dict)


FIELDS = tuple(one.name for one in fields(NewEntry))
_TEXTS = {one.name: one for one in EntryModel._meta.get_fields() if isinstance(one, models.CharField)}


def write(entries: Sequence[NewEntry], using: str) -> None:
    """Write entries in the transaction of the caller; those that were written before, sealed or not, are passed over.

    Texts are bounded and cleaned of what no database stores.

    Args:
        entries: They.
        using: Alias of the database whose transaction is open.
    """
    rows = {entry.entry_id: entry for entry in entries}
    if not rows:
        return
    known = JournalEntry.objects.using(using).filter(entry_id__in=list(rows)).values_list("entry_id", flat=True)
    for entry_id in set(known):
        del rows[entry_id]
    PendingEntry.objects.using(using).bulk_create([_row(entry) for entry in rows.values()], ignore_conflicts=True)


def _row(entry: NewEntry) -> PendingEntry:
    values = {name: getattr(entry, name) for name in FIELDS}
    for name, column in _TEXTS.items():
        values[name] = wire.clean(str(values[name]).encode("utf-8", "replace").decode())[: column.max_length]
    return PendingEntry(**values | {"details": storable(entry.details)})


def storable(value: Any) -> Any:
    """Return plain values as every database stores them: no NUL, no lone surrogates, no number that is none."""
    cleaned = wire.clean(value)
    return _finite(cleaned)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list) else value
