"""How long it is known when which release was deployed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import router

from .models import ReleaseMark

_KEPT = timedelta(days=400)
"""As long as the coarsest rollups, beside which they are read."""


def prune(now: datetime | None = None) -> int:
    """Drop marks that are older than 400 days; return how many."""
    rows = ReleaseMark.objects.using(router.db_for_write(ReleaseMark))
    return rows.filter(at__lt=(now or datetime.now(UTC)) - _KEPT).delete()[0]
