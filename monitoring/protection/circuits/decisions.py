"""Circuits that are not closed, for every process to know, each for some time: who hears no more lets calls through."""

from __future__ import annotations

import json
import time
from collections import defaultdict

from django.db import router

from monitoring.stream.decisions import Entry

from .models import Circuit, CircuitPermit, Outcome, State

_RENEWED = 30_000
"""What is known of a circuit is renewed so often, in milliseconds."""
_GOOD = 90_000
"""So long it is good, at least: longer than whoever decides is away for a restart."""


def entries() -> dict[str, Entry]:
    """Return the circuits that are not closed, by service and name."""
    alias, now = router.db_for_write(Circuit), int(time.time() * 1000)
    rows = list(Circuit.objects.using(alias).exclude(state=State.CLOSED))
    granted = _granted([row for row in rows if row.state == State.HALF_OPEN], now, alias)
    return {f"{row.service}:{row.name}": _entry(row, granted.get(row.pk, {}), now) for row in rows}


def _granted(rows: list[Circuit], now: int, alias: str) -> dict[int, dict[str, list[tuple[int, int]]]]:
    """Return the permits of each circuit, by process."""
    found: dict[int, dict[str, list[tuple[int, int]]]] = {}
    if not rows:
        return found
    first = {row.pk: row.first for row in rows}
    permits = CircuitPermit.objects.using(alias).filter(circuit__in=first, outcome=Outcome.NONE, began=False)
    for one in permits.filter(void__gt=now).order_by("number"):
        if one.number >= first[one.circuit_id]:
            by_process = found.setdefault(one.circuit_id, defaultdict(list))
            by_process[one.process].append((one.number, one.void))
    return found


def _entry(row: Circuit, granted: dict[str, list[tuple[int, int]]], now: int) -> Entry:
    until = 0 if row.until is None else int(row.until.timestamp() * 1000)
    void = max(now, until) // _RENEWED * _RENEWED + _GOOD + _RENEWED
    value = {
        "id": row.effect_id,
        "state": row.state,
        "until": until,
        "void": void,
        "grants": granted,
        "number": row.number,
        "reason": row.reason,
    }
    return Entry(json.dumps(value, separators=(",", ":"), sort_keys=True), void)
