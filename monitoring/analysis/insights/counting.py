"""How many errors there were by hour and lately: from the counts of groups, and of what programs logged by themselves.

Hours are whole hours of the clock in UTC, numbered since the epoch; the current one has only begun.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncHour

from monitoring.errors.groups.models import ErrorGroup, GroupHour
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.tally.models import ErrorMinute

HOUR, MINUTE = 3600, 60


def hour_of(moment: datetime) -> int:
    """Return the number of the hour that a moment lies in."""
    return int(moment.timestamp() // HOUR)


def begin_of(hour: int) -> datetime:
    """Return when an hour begins."""
    return datetime.fromtimestamp(hour * HOUR, UTC)


def by_hour(first: int, last: int, service: str | None = None) -> dict[int, int]:
    """Count the errors of hours, from `first` to `last`; it takes two queries.

    Args:
        first: The first hour.
        last: The last one.
        service: Whose errors; everybody's if None.

    Returns:
        The count of each hour in their order, zeros among them.
    """
    counted = Counter[int](dict.fromkeys(range(first, last + 1), 0))
    rows = GroupHour.objects.filter(hour__gte=first, hour__lte=last).order_by()
    rows = rows if service is None else rows.filter(group__service=service)
    counted.update(dict(rows.values_list("hour").annotate(total=Sum("count"))))
    alone = _without_group(begin_of(first), begin_of(last + 1), service).annotate(
        begun=TruncHour("created", tzinfo=UTC)
    )
    for begun, count in alone.values_list("begun").annotate(total=Count("pk")):
        counted[hour_of(begun)] += count
    return {hour: counted[hour] for hour in range(first, last + 1)}


def of_minutes(minutes: int, now: datetime, service: str | None = None) -> int:
    """Count the errors of the last minutes, the current one included; it takes two queries.

    Args:
        minutes: How many.
        now: The current time.
        service: Whose errors; everybody's if None.
    """
    first = int(now.timestamp() // MINUTE) - minutes + 1
    rows = ErrorMinute.objects.filter(start__gte=first).order_by()
    if service is not None:
        rows = rows.filter(group_id__in=ErrorGroup.objects.filter(service=service).values("pk"))
    grouped = rows.aggregate(total=Sum("count"))["total"] or 0
    return int(grouped) + _without_group(now - timedelta(minutes=minutes), None, service).count()


def _without_group(since: datetime, until: datetime | None, service: str | None) -> QuerySet[ErrorLog]:
    """Return the errors that programs wrote into the log by themselves: they are of no group."""
    rows = ErrorLog.objects.filter(group=None, created__gte=since).order_by()
    rows = rows if until is None else rows.filter(created__lt=until)
    return rows if service is None else rows.filter(service=service)
