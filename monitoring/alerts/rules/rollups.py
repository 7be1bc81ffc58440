"""Counts of requests, operations and tasks over a window, from the rollups of performance.

A window takes at most three queries and as many rows as it has names: short ones are read from minutes, the middle of
long ones from hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum

from monitoring.conf import get_config
from monitoring.performance.models import HourRollup, MinuteRollup
from monitoring.performance.stats import Segment
from monitoring.storage.names import Name

from . import patterns
from .kind import Query

REQUEST, OPERATION, TASK, WAIT = "request", "operation", "task", "wait"
LABELS = {REQUEST: "route", OPERATION: "operation", TASK: "task", WAIT: "task"}
"""What names of each kind are called in labels."""
_HOUR = 60
_CHUNK = 5_000


@dataclass(frozen=True)
class Counts:
    """How many there were, and how many of them failed."""

    count: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.count + other.count, self.errors + other.errors)


class Title(NamedTuple):
    """What a number of a name stands for."""

    service: str
    name: str


def names(of: str, query: Query, wanted: Sequence[str] = ()) -> QuerySet[Name]:
    """Return the names that a rule looks at.

    Args:
        of: Their kind.
        query: Whose filters narrow them.
        wanted: Patterns that they match, if there are any.
    """
    route = patterns.where("name", query.filters.route, patterns.METHOD) if of == REQUEST else Q()
    conditions = patterns.where("service", query.filters.service), patterns.where("name", wanted), route
    return Name.objects.filter(*conditions, kind=of)


def segments(first: int, end: int) -> list[Segment]:
    """Cut a window into minutes and hours, none counted twice.

    Args:
        first: The first epoch minute.
        end: The epoch minute after the last, which is the current one.
    """
    now = end - 1
    hours_end = now // _HOUR * _HOUR - _HOUR  # the hour before may still be waiting to be summed up
    hours_first = -(-first // _HOUR) * _HOUR
    if hours_end <= hours_first:
        return [Segment(MinuteRollup, first, end)]
    if first < now - get_config().minute_retention_hours * _HOUR:
        return [Segment(HourRollup, first // _HOUR * _HOUR, hours_end), Segment(MinuteRollup, hours_end, end)]
    return [
        Segment(MinuteRollup, first, hours_first),
        Segment(HourRollup, hours_first, hours_end),
        Segment(MinuteRollup, hours_end, end),
    ]


def counts(of: str, seconds: int, query: Query, wanted: Sequence[str] = ()) -> dict[int, Counts]:
    """Return how many there were of each name in a window.

    Args:
        of: The kind of names.
        seconds: Length of the window.
        query: When, and whose filters narrow it.
        wanted: Patterns that names match, if there are any.
    """
    key = ("counts", of, seconds, query.filters.service, query.filters.route, tuple(wanted))
    return query.once(key, lambda: _counts(of, seconds, query, wanted))


def _counts(of: str, seconds: int, query: Query, wanted: Sequence[str]) -> dict[int, Counts]:
    ids = names(of, query, wanted).values("pk")
    found: dict[int, Counts] = defaultdict(Counts)
    for part in segments(*query.minutes(seconds)):
        rows = part.rows().filter(name_id__in=ids).order_by().values_list("name_id")
        for name_id, count, errors in rows.annotate(Sum("count"), Sum("errors")):
            found[name_id] += Counts(count, errors)
    return dict(found)


def titles(ids: Collection[int]) -> dict[int, Title]:
    """Return what numbers of names stand for."""
    ordered, found = sorted(ids), dict[int, Title]()
    for begin in range(0, len(ordered), _CHUNK):
        rows = Name.objects.filter(pk__in=ordered[begin : begin + _CHUNK]).values_list("pk", "service", "name")
        found |= {pk: Title(service, name) for pk, service, name in rows}
    return found


def by_labels(of: str, counted: dict[int, Counts], group_by: str) -> list[tuple[dict[str, str], Counts]]:
    """Return counts of names with their labels.

    Args:
        of: The kind of names.
        counted: Counts by the numbers of names.
        group_by: `name`, `service` or `all`.
    """
    if group_by == "all":
        return [({}, sum(counted.values(), Counts()))] if counted else []
    grouped: dict[tuple[tuple[str, str], ...], Counts] = defaultdict(Counts)
    for pk, title in titles(counted).items():
        named = {LABELS[of]: title.name} if group_by == "name" else {}
        grouped[tuple({**named, "service": title.service}.items())] += counted[pk]
    return [(dict(key), one) for key, one in sorted(grouped.items())]
