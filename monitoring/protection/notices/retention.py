"""Drop notices that are long settled, and cooldowns that are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .models import Notice, PatchCooldown

_COOLDOWNS = timedelta(days=1)


def prune(config: Config) -> None:
    """Drop what is beyond its retention; totals stay for ever, since counters are made of them."""
    now = datetime.now(UTC)
    kept = timedelta(days=config.run_retention_days)
    delete_older(connections[router.db_for_write(Notice)], Notice, "settled", now - kept)
    delete_older(connections[router.db_for_write(PatchCooldown)], PatchCooldown, "until", now - _COOLDOWNS)
