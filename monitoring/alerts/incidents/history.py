"""Writing the history of incidents, and counting its entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connections

from monitoring.storage import bulk

from .models import Incident, IncidentEntry, TransitionKind, TransitionTotal

MACHINE = "Enginel"
"""Who did what nobody did."""
_MAX_NAME = 150


def entry(
    incident: Incident,
    kind: TransitionKind,
    at: datetime,
    who: str = MACHINE,
    detail: Mapping[str, Any] | None = None,
) -> IncidentEntry:
    """Return an entry that is not stored yet.

    Args:
        incident: Whose history it belongs to.
        kind: What it tells.
        at: When it happened.
        who: Name of whoever did it.
        detail: What else is to be known, as JSON.
    """
    return IncidentEntry(incident=incident, kind=kind, at=at, who=name(who), detail=dict(detail or {}))


def name(who: str) -> str:
    """Return a person's name as it is stored: not beyond what there is room for."""
    return who.replace("\0", "")[:_MAX_NAME]


def write(entries: Sequence[IncidentEntry], alias: str) -> None:
    """Store entries and count them, in as many statements however many they are.

    Args:
        entries: What to store; they get their primary keys.
        alias: The database, inside of the caller's transaction.
    """
    IncidentEntry.objects.using(alias).bulk_create(entries)
    counted = sorted(Counter(str(one.kind) for one in entries).items())
    rows: dict[str, list[Any]] = {"kind": [kind for kind, _ in counted], "count": [count for _, count in counted]}
    bulk.add(connections[alias], TransitionTotal, rows, ["count"])
