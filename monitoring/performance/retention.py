"""Drop what is older than it has to be, the finest first."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F

from monitoring.conf import Config
from monitoring.storage import partitions
from monitoring.storage.deletion import delete_older

from .models import DayRollup, DirtyPeriod, HourRollup, MinuteRollup, SlowSample


def prune(config: Config) -> None:
    """Drop minute, hour and day rows, slow samples and marks that are beyond their retention.

    What is not summed up yet is kept, for as long again at most: roll-ups may have been held up.
    """
    connection = connections[router.db_for_write(MinuteRollup)]
    minute = int(time.time() // 60)
    minutes_kept, hours_kept = config.minute_retention_hours * 60, config.hour_retention_days * 24 * 60
    partitions.drop_before(connection, MinuteRollup, _cutoff(connection, DirtyPeriod.HOUR, minute, minutes_kept))
    partitions.drop_before(connection, HourRollup, _cutoff(connection, DirtyPeriod.DAY, minute, hours_kept))
    partitions.drop_before(connection, DayRollup, minute - config.day_retention_days * 24 * 60)
    settled = DirtyPeriod.objects.using(connection.alias).filter(done=F("version"))
    settled.filter(start__lt=minute - (config.minute_retention_hours + 48) * 60).delete()
    cutoff = datetime.now(UTC) - timedelta(days=config.sample_retention_days)
    delete_older(connection, SlowSample, "at", cutoff)


def _cutoff(connection: BaseDatabaseWrapper, level: str, now: int, kept: int) -> int:
    """Return the epoch minute before which rows may go that periods of this level are summed up from."""
    dirty = DirtyPeriod.objects.using(connection.alias).filter(level=level, done__lt=F("version"))
    oldest = dirty.order_by("start").values_list("start", flat=True).first()
    return max(now - 2 * kept, min(now - kept, now if oldest is None else oldest))


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    connection = connections[router.db_for_write(MinuteRollup)]
    minute = int(time.time() // 60)
    for model in (MinuteRollup, HourRollup, DayRollup):
        partitions.ensure(connection, model, [minute, minute + 24 * 60])
