"""How many errors there were, from the counts that groups have by hour.

Counts by hour are exact and few. Of the hour in which a window begins only a part is in it: there the rows of the log
are counted, as long as they are all there and not too many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from monitoring.errors.groups.models import GroupHour, GroupStatus

from .models import ErrorLog

HOUR = 3600
MOST_TYPES = 100
_COUNTED = 100_000
_OPEN = {GroupStatus.UNRESOLVED, GroupStatus.REGRESSED}

Tally = tuple[str, str, str, int]
"""Error type, severity, status of the group, and how many."""


def summarise(hours: int, service: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Return the documented summary of the last hours.

    Args:
        hours: How many.
        service: Whose errors; everybody's if None.
        now: The current time, for tests.
    """
    since = (now or datetime.now(UTC)) - timedelta(hours=hours)
    first = int(since.timestamp() // HOUR)
    tallies = _of_hours(service, hour__gt=first)
    begun, ended = (datetime.fromtimestamp(hour * HOUR, UTC) for hour in (first, first + 1))
    if _countable(first, since, service):
        tallies += _of_rows(service, since, ended)
    else:
        since = begun
        tallies += _of_hours(service, hour=first)
    tallies += _without_group(service, since)
    return _added_up(tallies) | {"since": since}


def _added_up(tallies: Iterable[Tally]) -> dict[str, Any]:
    types, severities, unresolved = Counter[str](), Counter[str](), 0
    for error_type, severity, status, count in tallies:
        types[error_type] += count
        severities[severity] += count
        unresolved += count if status in _OPEN else 0
    frequent = sorted(types.items(), key=lambda item: (-item[1], item[0]))[:MOST_TYPES]
    return {
        "total_errors": severities.total(),
        "critical_errors": severities["critical"],
        "high_errors": severities["high"],
        "unresolved_errors": unresolved,
        "error_types": [{"error_type": error_type, "count": count} for error_type, count in frequent],
    }


def _of_hours(service: str | None, **hours: int) -> list[Tally]:
    rows = GroupHour.objects.filter(**hours).order_by()
    rows = rows if service is None else rows.filter(group__service=service)
    # Statuses are the root's, everything else is that of the group itself.
    status = Coalesce(F("group__merged_into__status"), F("group__status"))
    grouped = rows.values_list("group__error_type", "group__severity", status)
    return list(grouped.annotate(counted=Sum("count")))


def _countable(hour: int, since: datetime, service: str | None) -> bool:
    """Whether the errors of an hour are few enough to be counted one by one, and all of them are there."""
    rows = GroupHour.objects.filter(hour=hour)
    rows = rows if service is None else rows.filter(group__service=service)
    few = (rows.aggregate(counted=Sum("count"))["counted"] or 0) <= _COUNTED
    oldest = ErrorLog.objects.order_by("created").values_list("created", flat=True).first()
    return few and oldest is not None and oldest <= since


def _of_rows(service: str | None, since: datetime, until: datetime) -> list[Tally]:
    rows = ErrorLog.objects.filter(~Q(group=None), created__gte=since, created__lt=until).order_by()
    rows = rows if service is None else rows.filter(group__service=service)
    status = Coalesce(F("group__merged_into__status"), F("group__status"))
    grouped = rows.values_list("group__error_type", "group__severity", status)
    return list(grouped.annotate(counted=Count("pk")))


def _without_group(service: str | None, since: datetime) -> list[Tally]:
    """Count errors that programs wrote into the log by themselves: they are of no group."""
    rows = ErrorLog.objects.filter(group=None, created__gte=since).order_by()
    rows = rows if service is None else rows.filter(service=service)
    grouped = rows.values_list("error_type", "severity", "resolved").annotate(counted=Count("pk"))
    statuses = {False: GroupStatus.UNRESOLVED, True: GroupStatus.RESOLVED}
    return [(error_type, severity, statuses[resolved], count) for error_type, severity, resolved, count in grouped]
