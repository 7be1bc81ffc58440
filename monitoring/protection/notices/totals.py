"""How many notices there were and what came of them, since ever."""

from __future__ import annotations

from django.db import router
from django.db.models import F

from monitoring.storage.outbox import OutgoingState

from .models import NoticeKind, NoticeTotal

PLANNED, FAILED = "planned", "failed"
SETTLED = (OutgoingState.SENT, OutgoingState.DEAD, OutgoingState.DROPPED)
OUTCOMES = (PLANNED, FAILED, *(state.value for state in SETTLED))
"""What can be counted of a notice; `failed` are attempts, the others notices."""


def add(kind: str, outcome: str, alias: str) -> None:
    """Count one, within the caller's transaction."""
    rows = NoticeTotal.objects.using(alias)
    if not rows.filter(kind=kind, outcome=outcome).update(count=F("count") + 1):
        rows.bulk_create([NoticeTotal(kind=kind, outcome=outcome)], ignore_conflicts=True)
        rows.filter(kind=kind, outcome=outcome).update(count=F("count") + 1)


def totals() -> dict[tuple[str, str], int]:
    """Return all of them by kind and outcome, those that never happened as well: series begin at zero."""
    rows = NoticeTotal.objects.using(router.db_for_write(NoticeTotal)).order_by()
    found = {(kind, outcome): count for kind, outcome, count in rows.values_list("kind", "outcome", "count")}
    return {(kind, outcome): found.get((kind, outcome), 0) for kind in NoticeKind.values for outcome in OUTCOMES}
