"""Sum minutes up into hours, and hours into days.

A drain marks the hours it touches. A roll-up takes a mark in a transaction of its own, reads what is below, and
writes absolute values, so that doing it twice is doing it once. It may finish only while no other run has taken the
mark since.
"""

from __future__ import annotations

import time
from collections import defaultdict

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F

from monitoring.storage import bulk, partitions

from .buckets import MAX_TOTAL, merge, pack
from .dirty import mark_dirty
from .models import DayRollup, DirtyPeriod, HourRollup, MinuteRollup
from .stats import COLUMNS, Summary

HOUR_MINUTES, DAY_MINUTES = 60, 24 * 60

Rollup = type[MinuteRollup] | type[HourRollup] | type[DayRollup]


def roll_up(seconds: float = 50.0) -> int:
    """Sum up every hour and day that is over and changed since it was summed up last, oldest first.

    Args:
        seconds: After which no further period is begun.

    Returns:
        How many periods were brought up to date.
    """
    end, finished, minute = time.monotonic() + seconds, 0, int(time.time() // 60)
    for level, width in ((DirtyPeriod.HOUR, HOUR_MINUTES), (DirtyPeriod.DAY, DAY_MINUTES)):
        over = DirtyPeriod.objects.filter(level=level, start__lte=minute - width)
        due = over.filter(done__lt=F("version")).order_by("start")
        for pk in list(due.values_list("pk", flat=True)):
            if time.monotonic() > end:
                return finished
            finished += roll_up_period(pk)
    return finished


def roll_up_period(pk: int) -> bool:
    """Sum one period up; return whether this run was the one that did."""
    connection = connections[router.db_for_write(DirtyPeriod)]
    periods = DirtyPeriod.objects.using(connection.alias)
    with transaction.atomic(using=connection.alias):
        if not periods.filter(pk=pk, done__lt=F("version")).update(run=F("run") + 1, taken=F("version")):
            return False
        period = periods.get(pk=pk)
    if period.level == DirtyPeriod.HOUR:
        return _finish(connection, period, MinuteRollup, HourRollup, HOUR_MINUTES)
    return _finish(connection, period, HourRollup, DayRollup, DAY_MINUTES)


def _finish(connection: BaseDatabaseWrapper, period: DirtyPeriod, source: Rollup, target: Rollup, minutes: int) -> bool:
    rows = _summed(connection, source, period.start, minutes)
    partitions.ensure(connection, target, [period.start])
    with transaction.atomic(using=connection.alias):
        bulk.put(connection, target, rows)
        if period.level == DirtyPeriod.HOUR:
            mark_dirty(connection, DirtyPeriod.DAY, [period.start // DAY_MINUTES * DAY_MINUTES])
        mine = DirtyPeriod.objects.using(connection.alias).filter(pk=period.pk, run=period.run)
        if not mine.update(done=period.taken):
            transaction.set_rollback(True, using=connection.alias)
            return False
    return True


def _summed(connection: BaseDatabaseWrapper, source: Rollup, start: int, minutes: int) -> bulk.Columns:
    """Merge the rows of a period by name."""
    summaries: dict[int, Summary] = defaultdict(Summary)
    rows = source.objects.using(connection.alias).filter(start__gte=start, start__lt=start + minutes)
    for row in rows.values_list("name_id", *COLUMNS).iterator(chunk_size=5_000):
        summaries[row[0]].add(row[1:])
    merged = sorted(summaries.items())
    return {
        "name_id": [name_id for name_id, _ in merged],
        "start": [start] * len(merged),
        "count": [summary.count for _, summary in merged],
        "errors": [summary.errors for _, summary in merged],
        "total": [min(summary.total, MAX_TOTAL) for _, summary in merged],
        "minimum": [summary.minimum for _, summary in merged],
        "maximum": [summary.maximum for _, summary in merged],
        "buckets": [pack(merge(summary.blobs)) for _, summary in merged],
    }
