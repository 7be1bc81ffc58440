"""Statistics from rollups, for the API and for whoever asks in code. No NumPy: this runs in web processes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet, Sum

from monitoring.storage.names import Name

from .buckets import merge, quantile
from .models import DayRollup, HourRollup, MinuteRollup

WINDOW_MINUTES = 60
"""The live view of performance covers the last hour, as documented."""
HOUR, DAY = 60, 24 * 60
MAX_MINUTES = 400 * DAY
"""The longest window there are rows for by default."""
KINDS = {"request": "requests", "operation": "operations", "task": "tasks", "wait": "waits"}
COLUMNS = ("count", "errors", "total", "minimum", "maximum", "buckets")
"""What `Summary.add` takes, in its order."""
_NO_MINIMUM = 2**63 - 1


@dataclass
class Summary:
    """Merged durations of one name."""

    count: int = 0
    errors: int = 0
    total: int = 0
    minimum: int = _NO_MINIMUM
    maximum: int = -1
    blobs: list[bytes] = field(default_factory=list)

    def add(self, row: tuple[Any, ...]) -> None:
        """Merge one stored row of `COLUMNS`."""
        count, errors, total, minimum, maximum, blob = row
        self.count += count
        self.errors += errors
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)
        self.blobs.append(bytes(blob))

    def statistics(self) -> dict[str, Any]:
        """Return the documented statistics, in seconds."""
        counts: Counter[int] = merge(self.blobs)
        timed = sum(counts.values())
        low = self.minimum / 1e9 if timed else 0.0
        high = self.maximum / 1e9 if timed else 0.0
        return {
            "count": self.count,
            "total_duration": self.total / 1e9,
            "avg_duration": self.total / timed / 1e9 if timed else 0.0,
            "min_duration": low,
            "max_duration": high,
            "p50": quantile(counts, 0.50, low, high),
            "p95": quantile(counts, 0.95, low, high),
            "p99": quantile(counts, 0.99, low, high),
            "error_count": self.errors,
            "error_rate": self.errors / self.count if self.count else 0.0,
        }


def statistics_of(kind: str, name: str, minutes: int = WINDOW_MINUTES) -> dict[str, Any]:
    """Return statistics of one name over the last minutes, over all services."""
    ids = list(Name.objects.filter(kind=kind, name=name).values_list("pk", flat=True))
    whole = Summary()
    for summary in _merged(ids, segments(minutes)).values():
        _join(whole, summary)
    return whole.statistics()


def slowest_total(kind: str, *, minutes: int = WINDOW_MINUTES, limit: int = 100) -> dict[str, dict[str, Any]]:
    """Return statistics by name for the names with the greatest total duration, the greatest first.

    Args:
        kind: `request`, `operation`, `task` or `wait`.
        minutes: How far back, up to `MAX_MINUTES`.
        limit: How many names at most.
    """
    parts = segments(minutes)
    spent: Counter[int] = Counter()
    for part in parts:
        mine = part.rows().filter(name_id__in=Name.objects.filter(kind=kind).values("pk"))
        spent.update(dict(mine.order_by().values_list("name_id").annotate(spent=Sum("total"))))
    ids = [name_id for name_id, _ in sorted(spent.items(), key=lambda item: (-item[1], item[0]))[:limit]]
    titles = dict(Name.objects.filter(pk__in=ids).values_list("pk", "name"))
    summaries = _merged(ids, parts)
    merged: dict[str, Summary] = defaultdict(Summary)
    for name_id in ids:
        _join(merged[titles[name_id]], summaries[name_id])
    return {title: summary.statistics() for title, summary in merged.items()}


@dataclass(frozen=True)
class Segment:
    """A part of a window, and the rows that tell of it: those that begin from `first` on and before `end`."""

    model: type[MinuteRollup] | type[HourRollup] | type[DayRollup]
    first: int
    end: int

    def rows(self) -> QuerySet[Any]:
        """Return the rows."""
        return self.model.objects.filter(start__gte=self.first, start__lt=self.end)


def segments(minutes: int, now: int | None = None) -> list[Segment]:
    """Cut a window that ends now into days, hours and minutes, the coarsest that are complete.

    Beyond a day the window begins with a whole hour, beyond 30 days with a whole day.

    Args:
        minutes: Length of the window.
        now: The current epoch minute, for tests.
    """
    now = int(time.time() // 60) if now is None else now
    first, end = now - minutes + 1, now + 1
    if minutes <= DAY:
        return [Segment(MinuteRollup, first, end)]
    hours_end = now // HOUR * HOUR - HOUR  # the hour before may still be waiting to be summed up
    if minutes <= 30 * DAY:
        return [Segment(HourRollup, first // HOUR * HOUR, hours_end), Segment(MinuteRollup, hours_end, end)]
    days_end = now // DAY * DAY - DAY
    return [
        Segment(DayRollup, first // DAY * DAY, days_end),
        Segment(HourRollup, days_end, hours_end),
        Segment(MinuteRollup, hours_end, end),
    ]


def _join(into: Summary, other: Summary) -> None:
    """Merge what is known of the same name from elsewhere."""
    into.add((other.count, other.errors, other.total, other.minimum, other.maximum, b"".join(other.blobs)))


def _merged(ids: list[int], parts: list[Segment]) -> dict[int, Summary]:
    """Merge the rows of a window by name."""
    merged: dict[int, Summary] = defaultdict(Summary)
    for part in parts:
        for row in part.rows().filter(name_id__in=ids).values_list("name_id", *COLUMNS):
            merged[row[0]].add(row[1:])
    return merged
