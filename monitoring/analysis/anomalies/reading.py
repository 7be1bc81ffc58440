"""What the last minutes were like, of all series that have a baseline: one query for rollups, one for queues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from monitoring.jobs.queues.models import QueueMinute
from monitoring.performance.models import MinuteRollup

from .windows import LONG, SHORT, QueueWindow, Window, window

_CHUNK = 2_000
_LEAST_MINUTES = 2
"""Of the short window so many minutes must have been recorded, whole."""
_COLUMNS = ("name_id", "start", "count", "errors", "buckets")
_Minute = tuple[int, int, bytes]


class Seen(NamedTuple):
    """The last minutes.

    Attributes:
        short, long: Windows of routes, operations and tasks in which something happened, by number of their names.
        queues: The same of queues that were looked at.
        blind: Whether too little of the short window was recorded to say anything of what is missing.
    """

    short: dict[int, Window]
    long: dict[int, Window]
    queues: dict[int, QueueWindow]
    blind: bool


def read(series: Collection[int], queues: Collection[int], end: int) -> Seen:
    """Read the windows that end with an epoch minute, which is over.

    Args:
        series: Numbers of the names of routes, operations and tasks.
        queues: Numbers of the names of queues.
        end: The minute after the last.
    """
    whole = _recorded(end)
    rows = MinuteRollup.objects.filter(start__gte=end - LONG, start__lt=end, name_id__in=list(series))
    early: dict[int, list[_Minute]] = defaultdict(list)
    late: dict[int, list[_Minute]] = defaultdict(list)
    for pk, start, count, errors, blob in rows.values_list(*_COLUMNS).iterator(_CHUNK):
        if start in whole:
            (late if start >= end - SHORT else early)[pk].append((count, errors, bytes(blob)))
    short, long = sum(start >= end - SHORT for start in whole), len(whole)
    return Seen(
        short={pk: window(max(1, short), late.get(pk, ())) for pk in series},
        long={pk: window(max(1, long), [*early.get(pk, ()), *late.get(pk, ())]) for pk in series},
        queues=_queues(queues, end),
        blind=short < _LEAST_MINUTES,
    )


def _recorded(end: int) -> set[int]:
    """Return the minutes of the long window that were recorded, whole.

    In a minute in which nothing at all was recorded, not even of Enginel's own tasks, nobody was listening; and the
    minutes beside it may have lost a part.
    """
    rows = MinuteRollup.objects.filter(start__gte=end - LONG - 1, start__lt=end).order_by()
    heard = set(rows.values_list("start", flat=True).distinct())
    return {
        minute
        for minute in range(end - LONG, end)
        if minute in heard and minute - 1 in heard and (minute + 1 in heard or minute + 1 == end)
    }


def _queues(queues: Collection[int], end: int) -> dict[int, QueueWindow]:
    rows = QueueMinute.objects.filter(start__gte=end - SHORT, start__lt=end, name_id__in=list(queues))
    depths: dict[int, list[int]] = defaultdict(list)
    ages: dict[int, list[float]] = defaultdict(list)
    for pk, depth, age in rows.order_by().values_list("name_id", "max_depth", "max_age"):
        depths[pk].append(depth)
        if age is not None:
            ages[pk].append(age)
    return {pk: QueueWindow(SHORT, min(found), min(ages[pk], default=None)) for pk, found in depths.items()}
