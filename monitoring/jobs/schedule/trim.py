"""Only the latest runs of each entry are kept, and none of entries that have gone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from .models import ScheduledRun, ScheduleEntry, ScheduleWatch

EVERY = timedelta(minutes=5)
_ROWS = 50_000
_GONE = timedelta(days=1)


def is_due(row: ScheduleWatch, now: datetime) -> bool:
    """Say whether it is time, and remember that it was done."""
    if row.trimmed is not None and timedelta(0) <= now - row.trimmed < EVERY:
        return False
    row.trimmed = now
    return True


def trim(using: str, kept: int, now: datetime) -> None:
    """Delete what is beyond the latest runs of each entry, unless it runs or its slot has not been judged yet.

    Args:
        using: Alias of the database.
        kept: Runs of each entry that stay.
        now: The time.
    """
    rows = ScheduledRun.objects.using(using)
    latest = Window(RowNumber(), partition_by=F("entry"), order_by=F("published").desc())
    beyond = rows.annotate(place=latest).filter(place__gt=kept).values_list("pk", "entry", "published", "open")
    anchors = dict(ScheduleEntry.objects.using(using).values_list("name", "anchor"))
    old = [
        pk
        for pk, entry, published, running in beyond[:_ROWS]
        if not running and (entry not in anchors or published < anchors[entry].timestamp() * 1000)
    ]
    for first in range(0, len(old), 500):
        rows.filter(pk__in=old[first : first + 500]).delete()
    rows.filter(published__lt=int((now - _GONE).timestamp() * 1000)).exclude(
        entry__in=ScheduleEntry.objects.using(using).values("name")
    ).delete()
