"""Patterns: what errors of one cause add up to in a time, beside the time before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from monitoring.errors.groups.models import ErrorGroup, GroupHour, GroupStatus

from . import counting
from .change import chance_of_rise, direction

OPEN = frozenset({GroupStatus.UNRESOLVED, GroupStatus.REGRESSED})


@dataclass(frozen=True)
class Pattern:
    """Errors of one cause.

    Attributes:
        group: The cause; its root, where groups were merged.
        count: Errors in the time.
        before: Errors in the same time before it.
        share: Of all errors of the time, from 0 to 1.
        direction: `rising`, `falling` or `steady`, other than by chance.
        chance: How probable so many errors are if nothing has changed.
        new: Whether the first of them was in this time.
    """

    group: ErrorGroup
    count: int
    before: int
    share: float
    direction: str
    chance: float
    new: bool


@dataclass(frozen=True)
class Patterns:
    """The patterns of a time.

    Attributes:
        since: When it begins.
        hours: Its length, in hours of the clock.
        total: Errors in it.
        number: How many patterns there are.
        most: The most frequent, the first first.
    """

    since: datetime
    hours: int
    total: int
    number: int
    most: Sequence[Pattern]


def find(hours: int, now: datetime, service: str | None = None, most: int = 10) -> Patterns:
    """Return the patterns of the last hours of the clock, the current one included; it takes three queries.

    Args:
        hours: How many.
        now: The current time.
        service: Whose errors; everybody's if None.
        most: How many patterns at most.
    """
    last = counting.hour_of(now)
    first = last - hours + 1
    within = Q(hour__gte=first)
    rows = GroupHour.objects.filter(hour__gt=first - hours - 1, hour__lte=last).order_by()
    rows = rows if service is None else rows.filter(group__service=service)
    by_root = rows.annotate(root=Coalesce(F("group__merged_into"), F("group"))).values("root")
    counted = by_root.annotate(
        now=Sum("count", filter=within, default=0), before=Sum("count", filter=~within, default=0)
    ).filter(now__gt=0)
    found = list(counted.order_by("-now", "root")[:most])
    whole = rows.filter(within).annotate(root=Coalesce(F("group__merged_into"), F("group")))
    numbers = whole.aggregate(total=Sum("count"))
    number = counted.count() if len(found) == most else len(found)
    groups = ErrorGroup.objects.defer("users_sketch").in_bulk([row["root"] for row in found])
    total, since = int(numbers["total"] or 0), counting.begin_of(first)
    elapsed = hours - 1 + (now.timestamp() % counting.HOUR) / counting.HOUR
    part = elapsed / (elapsed + hours) if elapsed else 0.5
    patterns = [
        Pattern(
            group=groups[row["root"]],
            count=row["now"],
            before=row["before"],
            share=row["now"] / total,
            direction=direction(row["now"], row["before"], part),
            chance=chance_of_rise(row["now"], row["before"], part),
            new=groups[row["root"]].first_seen >= since,
        )
        for row in found
        if row["root"] in groups
    ]
    return Patterns(since, hours, total, number, patterns)
