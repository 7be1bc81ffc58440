"""Drop what is older than it has to be, the finest first."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connections, router
from django.db.models import F

from monitoring.conf import Config
from monitoring.storage import partitions
from monitoring.storage.deletion import delete_older

from .models import DayRollup, DirtyPeriod, HourRollup, MinuteRollup, SlowSample


def prune(config: Config) -> None:
    """Drop minute, hour and day rows, slow samples and marks that are beyond their retention."""
    connection = connections[router.db_for_write(MinuteRollup)]
    minute = int(time.time() // 60)
    partitions.drop_before(connection, MinuteRollup, minute - config.minute_retention_hours * 60)
    partitions.drop_before(connection, HourRollup, minute - config.hour_retention_days * 24 * 60)
    partitions.drop_before(connection, DayRollup, minute - config.day_retention_days * 24 * 60)
    settled = DirtyPeriod.objects.using(connection.alias).filter(done=F("version"))
    settled.filter(start__lt=minute - (config.minute_retention_hours + 48) * 60).delete()
    cutoff = datetime.now(UTC) - timedelta(days=config.sample_retention_days)
    delete_older(connection, SlowSample, "at", cutoff)


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    connection = connections[router.db_for_write(MinuteRollup)]
    minute = int(time.time() // 60)
    for model in (MinuteRollup, HourRollup, DayRollup):
        partitions.ensure(connection, model, [minute, minute + 24 * 60])
