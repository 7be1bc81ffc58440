"""Rows of a past that a look compares with; no test here looks at a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from monitoring.analysis.anomalies.looking import Done, look
from monitoring.conf import Config
from monitoring.jobs.queues.models import QueueMinute
from monitoring.performance.buckets import index, pack
from monitoring.performance.models import HourRollup, MinuteRollup
from monitoring.storage import partitions
from monitoring.storage.names import Name

NOW = datetime(2026, 3, 4, 12, 20, 30, tzinfo=UTC)
MINUTE = int(NOW.timestamp() // 60)
HOUR = MINUTE // 60 * 60
WEEK = 7 * 24 * 60


def name_id(name: str = "GET api/carts/", kind: str = "request", service: str = "shop") -> int:
    return Name.objects.get_or_create(kind=kind, service=service, name=name)[0].pk


def values(count: int, errors: int, seconds: float) -> dict[str, Any]:
    """Return durations that are spread around so many seconds."""
    nanoseconds, middle = int(seconds * 1e9), index(seconds)
    shares = {middle - 3: count // 4, middle: count - 2 * (count // 4), middle + 3: count // 4}
    return {
        "count": count,
        "errors": errors,
        "total": nanoseconds * count,
        "minimum": nanoseconds,
        "maximum": nanoseconds,
        "buckets": pack({bucket: number for bucket, number in shares.items() if number}),
    }


def hour(start: int, pk: int, count: int = 1200, errors: int = 1, seconds: float = 0.2) -> None:
    partitions.ensure(connection, HourRollup, [start])
    HourRollup.objects.create(name_id=pk, start=start, **values(count, errors, seconds))


def past(pk: int, **kinds: Any) -> None:
    """Write four weeks of this hour of the week, and the hours beside it."""
    for week in range(1, 5):
        for beside in (-60, 0, 60):
            hour(HOUR - week * WEEK + beside, pk, **kinds)


def minutes(
    pk: int, at: datetime = NOW, last: int = 5, *, count: int = 20, errors: int = 0, seconds: float = 0.2
) -> None:
    """Write the last minutes before a moment."""
    end = int(at.timestamp() // 60)
    for start in range(end - last, end):
        partitions.ensure(connection, MinuteRollup, [start])
        key = {"name_id": pk, "start": start, "shard": 0}
        MinuteRollup.objects.update_or_create(**key, defaults=values(count, errors, seconds))


def queue_minute(start: int, pk: int, depth: int, age: float | None) -> None:
    partitions.ensure(connection, QueueMinute, [start])
    QueueMinute.objects.create(start=start, name_id=pk, max_depth=depth, last_depth=depth, max_age=age)


def later(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def looks(number: int, pk: int | None = None, mode: str = "shadow", first: int = 0, **kinds: Any) -> Done:
    """Look once a minute; each look finds five minutes that are like this."""
    done = Done()
    for step in range(first, first + number):
        if pk is not None:
            minutes(pk, later(step), **kinds)
        done = look(Config(anomalies=mode), later(step))
    return done
