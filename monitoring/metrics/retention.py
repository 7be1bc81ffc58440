"""Drop counters older than the live view, and label sets of workers that are gone; totals stay."""

from __future__ import annotations

import time

from django.db import connections, router
from django.db.models import Max

from monitoring.storage import partitions

from .labels import TASK_FAMILIES
from .models import CounterMinute, LabelledTotal
from .reader import COUNTER_MINUTES

WORKER_MINUTES = 7 * 24 * 60
"""Containers get a new name with each start: without an end, workers that are gone would take all the room there is."""


def prune() -> None:
    """Drop the minutes of counters that no live view shows any more, and what workers did that are long gone."""
    connection = connections[router.db_for_write(CounterMinute)]
    minute = int(time.time() // 60)
    partitions.drop_before(connection, CounterMinute, minute - COUNTER_MINUTES - 60)
    rows = LabelledTotal.objects.using(connection.alias).filter(family__in=TASK_FAMILIES).order_by()
    heard = rows.values_list("label_2").annotate(heard=Max("seen"))
    gone = [worker for worker, _ in heard.filter(heard__lt=minute - WORKER_MINUTES)]
    if gone:
        rows.filter(label_2__in=gone).delete()


def prepare() -> None:
    """Create the partitions of today and tomorrow before a drain needs them."""
    minute = int(time.time() // 60)
    connection = connections[router.db_for_write(CounterMinute)]
    partitions.ensure(connection, CounterMinute, [minute, minute + 24 * 60])
