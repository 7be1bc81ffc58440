"""How many errors there were lately, for the admin page: from counts by hour, so that it costs little at any size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from monitoring.classification import ErrorSeverity
from monitoring.errors.groups.models import GroupHour

from .models import ErrorLog
from .summary import HOUR

DAY, WEEK = 24, 7 * 24
_MOST = 10
_WORST_FIRST = {severity.value: place for place, severity in enumerate(ErrorSeverity)}


def error_stats(now: datetime | None = None) -> list[dict[str, Any]]:
    """Return totals of the last 24 hours and 7 days, the current hour included.

    Args:
        now: The current time, for tests.

    Returns:
        For each window its `title`, `total`, and pairs of a value and a count: `severities`, the worst first, and
        `statuses` and `types`, the most frequent first.
    """
    hour = int((now or datetime.now(UTC)).timestamp() // HOUR)
    rows = [*_of_groups(hour), *_without_group(hour)]
    return [
        _window("Last 24 hours", [(*values, day) for *values, day, _ in rows]),
        _window("Last 7 days", [(*values, week) for *values, _, week in rows]),
    ]


def _window(title: str, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    counted: list[Counter[Any]] = [Counter(), Counter(), Counter()]
    for *values, count in rows:
        for counter, value in zip(counted, values, strict=True):
            counter[value] += count
    severities, statuses, types = ([pair for pair in one.most_common(_MOST) if pair[1]] for one in counted)
    return {
        "title": title,
        "total": counted[0].total(),
        "severities": sorted(severities, key=lambda pair: _WORST_FIRST.get(pair[0], len(_WORST_FIRST))),
        "statuses": statuses,
        "types": types,
    }


def _of_groups(hour: int) -> Iterator[tuple[Any, ...]]:
    rows = GroupHour.objects.filter(hour__gt=hour - WEEK).order_by()
    grouped = rows.values_list("group__severity", "group__status_code", "group__error_type")
    counted = grouped.annotate(day=Sum("count", filter=Q(hour__gt=hour - DAY), default=0), week=Sum("count"))
    yield from counted


def _without_group(hour: int) -> Iterator[tuple[Any, ...]]:
    """Count errors that programs wrote into the log by themselves."""
    week, day = (datetime.fromtimestamp((hour + 1) * HOUR, UTC) - timedelta(hours=hours) for hours in (WEEK, DAY))
    rows = ErrorLog.objects.filter(group=None, created__gte=week).order_by()
    grouped = rows.values_list("severity", "status_code", "error_type")
    yield from grouped.annotate(day=Count("pk", filter=Q(created__gte=day)), week=Count("pk"))
