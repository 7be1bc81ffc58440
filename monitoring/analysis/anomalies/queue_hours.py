"""Hours of queues, of which performance has no rollups: kept from their minutes, which go after two days."""

from __future__ import annotations

import time

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Max

from monitoring.conf import Config
from monitoring.jobs.queues.models import QueueMinute
from monitoring.storage import bulk, partitions

from .hours import DAY, HOUR
from .models import QueueHour

_BACK_HOURS = 47


def keep(connection: BaseDatabaseWrapper, hour: int) -> None:
    """Write the hours that are over and not written yet.

    Args:
        connection: The write database.
        hour: Epoch minute at which the current hour begins.
    """
    last = QueueHour.objects.using(connection.alias).aggregate(last=Max("start"))["last"]
    first = max(hour - _BACK_HOURS * HOUR, 0 if last is None else last + HOUR)
    if first >= hour:
        return
    minutes = QueueMinute.objects.using(connection.alias).filter(start__gte=first, start__lt=hour)
    grouped = minutes.annotate(hour=F("start") / HOUR).order_by().values_list("hour", "name_id")
    rows = list(grouped.annotate(Max("max_depth"), Max("max_age")))
    partitions.ensure(connection, QueueHour, {number * HOUR for number, *_ in rows})
    columns = {
        "start": [number * HOUR for number, *_ in rows],
        "name_id": [pk for _, pk, *_ in rows],
        "depth": [depth for *_, depth, _ in rows],
        "age": [age for *_, age in rows],
    }
    bulk.put(connection, QueueHour, columns)


def prune(config: Config) -> None:
    """Drop hours that are older than the hours of everything else."""
    cutoff = int(time.time() // 60) - config.hour_retention_days * DAY
    partitions.drop_before(connections[router.db_for_write(QueueHour)], QueueHour, cutoff)
