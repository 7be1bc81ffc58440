"""What is counted since ever, read for Prometheus: in a fixed number of queries, bounded in what they return.

Read from the write database: a replica that lags behind another would make counters fall.
"""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import router
from django.db.models import Q, Sum

from monitoring.storage.names import OTHER, Name

from .labels import BOUNDS, REQUEST, TASK_FAMILIES
from .models import GaugeValue, LabelledTotal, Total
from .reader import GAUGE_SECONDS

WORKER_MINUTES = 24 * 60
"""A worker that nothing was heard of for so long is shown no more."""


@dataclass(frozen=True)
class Amount:
    """One label set. `seconds` is the sum of durations, `buckets` how many lie in each bucket, the last unbounded."""

    count: int
    seconds: float
    buckets: tuple[int, ...]


LabelSets = dict[str, dict[tuple[str, ...], Amount]]
"""Amounts by family and label values."""


def counters(kind: str, limit: int, always: Iterable[str] = ()) -> dict[str, float]:
    """Return counters by name, the oldest names first, added up over services and streams.

    Args:
        kind: Kind of the names.
        limit: How many names at most.
        always: Names that are returned beyond the limit, too.
    """
    using = router.db_for_write(Total)
    names = Name.objects.using(using).filter(kind=kind)
    shown = names.filter(Q(name__in=list(always)) | Q(pk__in=names.order_by("pk").values("pk")[:limit]))
    rows = Total.objects.using(using).filter(name_id__in=shown.order_by().values("pk")).order_by()
    grown = dict(rows.values_list("name_id").annotate(grown=Sum("value")))
    found: dict[str, float] = {}
    for pk, name in shown.order_by("pk").values_list("pk", "name"):
        if pk in grown:
            found[name] = found.get(name, 0.0) + grown[pk]
    return found


def gauges(kind: str, limit: int) -> dict[str, float]:
    """Return gauges of the last five minutes by name, the oldest names first; of two of a name the later value."""
    using = router.db_for_write(GaugeValue)
    rows = GaugeValue.objects.using(using).filter(at__gte=int(time.time() - GAUGE_SECONDS) * 1000)
    names = Name.objects.using(using).filter(kind=kind, pk__in=rows.values("name_id")).order_by("pk")
    titles = dict(names.values_list("pk", "name")[:limit])
    latest = sorted(rows.order_by("at").values_list("at", "name_id", "value"))
    values = {titles[pk]: value for _, pk, value in latest if pk in titles}
    return {name: values[name] for name in dict.fromkeys(titles.values()) if name in values}


def label_sets() -> LabelSets:
    """Return every label set of every labelled metric; of tasks those whose worker was heard of during the last day."""
    using = router.db_for_write(LabelledTotal)
    stored = LabelledTotal.objects.using(using).order_by()
    columns = [f"label_{number}" for number in range(1, 5)]
    used = Q()
    for column in columns:
        used |= Q(pk__in=stored.values(column))
    titles = dict(Name.objects.using(using).filter(used).order_by().values_list("pk", "name"))
    titles |= {LabelledTotal.EMPTY: "", LabelledTotal.OTHER: OTHER}
    rows = list(stored.values_list("family", *columns, "seen", "count", "total", "buckets"))
    heard: dict[int, int] = defaultdict(int)
    for family, _, worker, _, _, seen, *_ in rows:
        if family in TASK_FAMILIES:
            heard[worker] = max(heard[worker], seen)
    earliest = int(time.time() // 60) - WORKER_MINUTES
    found: dict[str, dict[tuple[str, ...], list[tuple[int, int, bytes]]]] = defaultdict(lambda: defaultdict(list))
    for family, first, second, third, fourth, _, count, total, buckets in rows:
        if family in TASK_FAMILIES and heard[second] < earliest:
            continue
        rest = (
            (str(second), "", "") if family == REQUEST else tuple(titles.get(pk, "") for pk in (second, third, fourth))
        )
        found[family][titles.get(first, ""), *rest].append((count, total, buckets))
    return {family: {key: _added(family, parts) for key, parts in sets.items()} for family, sets in found.items()}


def _added(family: str, parts: list[tuple[int, int, bytes]]) -> Amount:
    """Add up what several streams and services counted under the same labels."""
    width = len(BOUNDS[family]) + 1 if family in BOUNDS else 0
    columns = zip(*(struct.unpack(f"<{width}q", bytes(blob)) for _, _, blob in parts), strict=True)
    return Amount(
        sum(count for count, _, _ in parts), sum(total for _, total, _ in parts) / 1e9, tuple(map(sum, columns))
    )
