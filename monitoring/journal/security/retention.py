"""Dropping what the window has passed, and findings that were closed long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .kinds import WINDOW_MINUTES
from .models import PatternHit, SecurityFinding, TriedMinute, VisitMinute

_SPARE_MINUTES = 2


def forget(now: datetime, alias: str) -> None:
    """Drop the rows that the window has passed.

    Args:
        now: The current time.
        alias: The database.
    """
    cutoff = now - timedelta(minutes=WINDOW_MINUTES + _SPARE_MINUTES)
    minute = int(cutoff.timestamp()) // 60
    for model in (VisitMinute, TriedMinute):
        model.objects.using(alias).filter(minute__lte=minute).delete()
    PatternHit.objects.using(alias).filter(at__lte=cutoff).delete()


def prune(config: Config) -> None:
    """Drop findings that were closed long ago."""
    cutoff = datetime.now(UTC) - timedelta(days=config.security_retention_days)
    alias = router.db_for_write(SecurityFinding)
    delete_older(connections[alias], SecurityFinding, "closed", cutoff)
