"""What was taken out of the log before its time, counted."""

from __future__ import annotations

from django.db import router
from django.db.models import F

from .models import LogTotal

PAYLOADS, ROWS = "payloads", "rows"


def add(name: str, value: int) -> None:
    """Add to a total; in the transaction of what is counted, so that neither is there without the other."""
    totals = LogTotal.objects.using(router.db_for_write(LogTotal))
    if value and not totals.filter(name=name).update(value=F("value") + value):
        totals.bulk_create([LogTotal(name=name)], ignore_conflicts=True)
        totals.filter(name=name).update(value=F("value") + value)


def read() -> dict[str, int]:
    """Return the totals since ever: `payloads` that were thinned, and `rows` that went early."""
    return {PAYLOADS: 0, ROWS: 0} | dict(LogTotal.objects.values_list("name", "value"))
