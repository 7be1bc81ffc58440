"""Which interruptions there were, among them those that show by a gap between runs of the protection."""

from __future__ import annotations

from datetime import datetime, timedelta

from .models import Interruption, ProtectionRun

SETTLING = timedelta(seconds=5)
"""For so long requests may fail after Redis is back, each on a connection that broke before."""
GAP = timedelta(seconds=30)
"""Beat asks for a run three times as often. Where none was complete for so long, no worker lived, or Redis did not."""
_ONLY = 1


def resume(now: datetime, alias: str) -> None:
    """Note an interruption where the last complete run is too long ago.

    Args:
        now: When a run begins.
        alias: The database.
    """
    last = ProtectionRun.objects.using(alias).filter(pk=_ONLY).values_list("completed", flat=True).first()
    if last is not None and now - last > GAP:
        Interruption.objects.using(alias).create(began=last, ended=now)


def complete(now: datetime, alias: str) -> None:
    """Note that a run was complete.

    Args:
        now: The current time.
        alias: The database.
    """
    rows = ProtectionRun.objects.using(alias)
    if not rows.filter(pk=_ONLY).update(completed=now):
        rows.bulk_create([ProtectionRun(pk=_ONLY, completed=now)], ignore_conflicts=True)


def read(alias: str) -> list[tuple[datetime, datetime]]:
    """Return beginnings and ends of those that are kept.

    Args:
        alias: The database.
    """
    return list(Interruption.objects.using(alias).order_by("ended").values_list("began", "ended"))


def prune(before: datetime, alias: str) -> None:
    """Drop those that ended before any error that still counts.

    Args:
        before: When the oldest such error can have been.
        alias: The database.
    """
    Interruption.objects.using(alias).filter(ended__lt=before).delete()
