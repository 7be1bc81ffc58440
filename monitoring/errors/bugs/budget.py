"""Whose issue is opened next: the worst bugs first, and some of each hour is kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When

from .models import BugSeverity, KnownBug, KnownBugQuerySet

_HOUR = timedelta(hours=1)
_URGENT = (BugSeverity.CRITICAL, BugSeverity.HIGH)
_REFUSED = range(400, 500)
_LESSER = ~Q(severity__in=_URGENT) | Q(group__status_code__gte=_REFUSED.start, group__status_code__lt=_REFUSED.stop)
_RANKS = {severity: rank for rank, severity in enumerate(BugSeverity.values)}  # the worst comes first
_RANK = Case(
    *(When(severity=severity, then=Value(rank)) for severity, rank in _RANKS.items()),
    default=Value(len(_RANKS)),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Room:
    """How many issues may still be opened within this hour.

    Attributes:
        total: In all.
        lesser: For lesser bugs: neither critical nor high, or refusals (4xx).
        opened: How many were opened.
    """

    total: int
    lesser: int
    opened: int


def is_lesser(bug: KnownBug) -> bool:
    """Whether a bug may take only its half of the hour."""
    return bug.severity not in _URGENT or (bug.group is not None and bug.group.status_code in _REFUSED)


def room(per_hour: int, alias: str, now: datetime) -> Room:
    """Return how many issues may still be opened.

    Args:
        per_hour: The setting `ISSUES_PER_HOUR`. Lesser bugs may take half of it, rounded up.
        alias: The database.
        now: The current time.
    """
    recent = KnownBug.all_objects.using(alias).filter(issue_opened__gt=now - _HOUR)
    opened = recent.aggregate(total=Count("pk"), lesser=Count("pk", filter=_LESSER))
    total = max(0, per_hour - opened["total"])
    lesser = max(0, (per_hour + 1) // 2 - opened["lesser"])
    return Room(total, min(total, lesser), opened["total"])


def choose(due: KnownBugQuerySet, left: Room, most: int) -> list[int]:
    """Return the bugs whose issues are to be opened now: the worst first, of equals those that wait longest.

    Args:
        due: Bugs that wait for an issue.
        left: How many may be opened.
        most: How many are opened in one run.
    """
    marked = due.annotate(rank=_RANK, lesser=Case(When(_LESSER, then=Value(1)), default=Value(0)))
    found: list[tuple[Any, ...]] = []
    for lesser, count in ((0, left.total), (1, left.lesser)):
        rows = marked.filter(lesser=lesser).order_by("rank", "issue_due", "number")
        found += rows.values_list("rank", "issue_due", "number", "pk")[: min(count, most)]
    return [pk for _rank, _due, _number, pk in sorted(found)][: min(left.total, most)]


def why_it_waits(bug: KnownBug, left: Room, per_hour: int) -> str:
    """Say that a bug waits for the next hour; an empty text where it does not."""
    if left.total and (left.lesser or not is_lesser(bug)):
        return ""
    said = f"Issues were opened for {left.opened} bugs within this hour, and {per_hour} are the limit"
    return f"{said}." if not left.total else f"{said}; the others are kept for critical and high ones."
