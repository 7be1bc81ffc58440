"""What the last minutes were like, of all series that have a baseline: one query for rollups, one for queues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from monitoring.jobs.queues.models import QueueMinute
from monitoring.performance.models import MinuteRollup

from .windows import LONG, SHORT, QueueWindow, Window, window

_CHUNK = 2_000
_COLUMNS = ("name_id", "start", "count", "errors", "buckets")
_Minute = tuple[int, int, bytes]


class Seen(NamedTuple):
    """The last minutes.

    Attributes:
        short, long: Windows of routes, operations and tasks in which something happened, by number of their names.
        queues: The same of queues that were looked at.
        blind: Whether nothing at all was recorded in the short window, so that nothing can be said of what is missing.
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
    rows = MinuteRollup.objects.filter(start__gte=end - LONG, start__lt=end, name_id__in=list(series))
    early: dict[int, list[_Minute]] = defaultdict(list)
    late: dict[int, list[_Minute]] = defaultdict(list)
    for pk, start, count, errors, blob in rows.values_list(*_COLUMNS).iterator(_CHUNK):
        (late if start >= end - SHORT else early)[pk].append((count, errors, bytes(blob)))
    return Seen(
        short={pk: window(SHORT, late.get(pk, ())) for pk in series},
        long={pk: window(LONG, [*early.get(pk, ()), *late.get(pk, ())]) for pk in series},
        queues=_queues(queues, end),
        blind=not late and not MinuteRollup.objects.filter(start__gte=end - SHORT, start__lt=end).exists(),
    )


def _queues(queues: Collection[int], end: int) -> dict[int, QueueWindow]:
    rows = QueueMinute.objects.filter(start__gte=end - SHORT, start__lt=end, name_id__in=list(queues))
    depths: dict[int, list[int]] = defaultdict(list)
    ages: dict[int, list[float]] = defaultdict(list)
    for pk, depth, age in rows.order_by().values_list("name_id", "max_depth", "max_age"):
        depths[pk].append(depth)
        if age is not None:
            ages[pk].append(age)
    return {pk: QueueWindow(SHORT, min(found), min(ages[pk], default=None)) for pk, found in depths.items()}
