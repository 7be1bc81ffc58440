"""Drop counters older than the live view; totals stay."""

from __future__ import annotations

import time

from django.db import connections, router

from monitoring.storage import partitions

from .models import CounterMinute
from .reader import COUNTER_MINUTES


def prune() -> None:
    """Drop the minutes of counters that no live view shows any more."""
    connection = connections[router.db_for_write(CounterMinute)]
    partitions.drop_before(connection, CounterMinute, int(time.time() // 60) - COUNTER_MINUTES - 60)


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    minute = int(time.time() // 60)
    connection = connections[router.db_for_write(CounterMinute)]
    partitions.ensure(connection, CounterMinute, [minute, minute + 24 * 60])
