"""Drop what queues were like longer ago than minutes are kept."""

from __future__ import annotations

import time

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage import partitions

from .models import QueueFlow, QueueMinute


def prune(config: Config) -> None:
    """Drop the minutes that are beyond their retention."""
    cutoff = int(time.time() // 60) - config.minute_retention_hours * 60
    for model in (QueueFlow, QueueMinute):
        partitions.drop_before(connections[router.db_for_write(model)], model, cutoff)


def prepare() -> None:
    """Create the partitions of today and tomorrow before they are needed."""
    minute = int(time.time() // 60)
    for model in (QueueFlow, QueueMinute):
        partitions.ensure(connections[router.db_for_write(model)], model, [minute, minute + 24 * 60])
