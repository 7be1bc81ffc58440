"""Effects for every process to know."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import router

from monitoring.stream.decisions import Entry

from .models import Effect


def entries_of(kind: str) -> Callable[[], dict[str, Entry]]:
    """Return who reads the effects of a kind, by `service:key`."""

    def entries() -> dict[str, Entry]:
        rows = Effect.objects.using(router.db_for_write(Effect)).filter(kind=kind).standing(datetime.now(UTC))
        return {f"{row.service}:{row.key}": entry_of(row) for row in rows}

    return entries


def entry_of(row: Effect) -> Entry:
    """Return an effect as processes read it."""
    expires = None if row.expires is None else int(row.expires.timestamp() * 1000)
    return Entry(json.dumps({**row.value, "id": str(row.pk)}, separators=(",", ":"), sort_keys=True), expires)
