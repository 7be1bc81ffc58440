"""Drop recoveries that are long over, with their actions, and what the audit trail tells of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from . import effects
from .models import Recovery, RecoveryAction, RecoveryEntry
from .states import STANDING

_ROWS = 2_000


def prune(config: Config) -> None:
    """Drop what is beyond its retention; a recovery of which an action stands stays, as do totals.

    Args:
        config: Has for how many days recoveries are kept.
    """
    alias = router.db_for_write(Recovery)
    before = datetime.now(UTC) - timedelta(days=config.recovery_retention_days)
    rows = Recovery.objects.using(alias)
    standing = RecoveryAction.objects.using(alias).filter(state__in=STANDING).values("recovery_id")
    over = rows.filter(settled_at__lt=before, leader=None).exclude(pk__in=standing)
    while oldest := list(over.order_by("settled_at").values_list("pk", flat=True)[:_ROWS]):
        rows.filter(pk__in=oldest).delete()
    delete_older(connections[alias], RecoveryEntry, "at", before)
    effects.forget(before, alias)
