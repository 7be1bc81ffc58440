"""Statistics from rollups, for the API and for whoever asks in code. No NumPy: this runs in web processes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Sum

from monitoring.storage.names import Name

from .buckets import merge, quantile
from .models import MinuteRollup

WINDOW_MINUTES = 60
"""The live view of performance covers the last hour, as documented."""
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


def window_start(minutes: int = WINDOW_MINUTES) -> int:
    """Return the epoch minute at which a window that ends now begins."""
    return int(time.time() // 60) - minutes + 1


def statistics_of(kind: str, name: str, minutes: int = WINDOW_MINUTES) -> dict[str, Any]:
    """Return statistics of one name over the last minutes, over all services."""
    ids = list(Name.objects.filter(kind=kind, name=name).values_list("pk", flat=True))
    return _merged(ids, minutes, one=True)[0].statistics()


def slowest_total(kind: str, *, minutes: int = WINDOW_MINUTES, limit: int = 100) -> dict[str, dict[str, Any]]:
    """Return statistics by name for the names with the greatest total duration, the greatest first.

    Args:
        kind: `request`, `operation`, `task` or `wait`.
        minutes: How far back.
        limit: How many names at most.
    """
    recent = MinuteRollup.objects.filter(start__gte=window_start(minutes))
    mine = recent.filter(name_id__in=Name.objects.filter(kind=kind).values("pk"))
    totals = mine.order_by().values_list("name_id").annotate(spent=Sum("total")).order_by("-spent", "name_id")[:limit]
    ids = [name_id for name_id, _ in totals]
    titles = dict(Name.objects.filter(pk__in=ids).values_list("pk", "name"))
    merged: dict[str, Summary] = {}
    summaries = _merged(ids, minutes)
    for name_id in ids:
        title = titles[name_id]
        if title not in merged:
            merged[title] = summaries[name_id]
        else:
            _join(merged[title], summaries[name_id])
    return {title: summary.statistics() for title, summary in merged.items()}


def _join(into: Summary, other: Summary) -> None:
    """Merge the same name of another service."""
    into.add((other.count, other.errors, other.total, other.minimum, other.maximum, b"".join(other.blobs)))


def _merged(ids: Iterable[int], minutes: int, *, one: bool = False) -> dict[int, Summary]:
    """Merge the rows of the last minutes by name, or all into one under the key 0."""
    rows = MinuteRollup.objects.filter(start__gte=window_start(minutes), name_id__in=list(ids))
    merged: dict[int, Summary] = defaultdict(Summary)
    for row in rows.values_list("name_id", *COLUMNS):
        merged[0 if one else row[0]].add(row[1:])
    return merged
