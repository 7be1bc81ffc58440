"""Baselines of the current hour, worked out once an hour from hours that are over: a fixed number of queries."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from django.db import connections, router, transaction
from django.db.models import Sum

from monitoring.analysis.watched import watched
from monitoring.conf import Config
from monitoring.jobs.queues.models import NAME_KIND
from monitoring.performance.buckets import merge, quantile
from monitoring.performance.models import HourRollup
from monitoring.storage.names import OTHER, Name

from . import queue_hours, usual
from .frozen import Series, Trouble
from .hours import HOUR, candidates, choose
from .models import Baseline, QueueHour
from .usual import QueueHours, SeriesHour
from .windows import LEAST_TIMED

_CHUNK = 2_000


def learn(config: Config, now: datetime) -> bool:
    """Work out what is usual in this hour, unless that is done.

    Returns:
        Whether it was done now.
    """
    hour = int(now.timestamp() // 60) // HOUR * HOUR
    using = router.db_for_write(Baseline)
    if Baseline.objects.using(using).filter(hour=hour).exists():
        return False
    queue_hours.keep(connections[using], hour)
    trouble = Trouble(now - timedelta(days=config.hour_retention_days), now)
    rows = [*_series(config, hour, trouble), *_queues(config, hour, trouble)]
    with transaction.atomic(using=using):
        Baseline.objects.using(using).all().delete()
        Baseline.objects.using(using).bulk_create(rows, batch_size=_CHUNK, ignore_conflicts=True)
    return bool(rows)


def _series(config: Config, hour: int, trouble: Trouble) -> Iterable[Baseline]:
    """Work out the baselines of the busiest routes, operations and tasks."""
    starts = candidates(hour)
    rows = HourRollup.objects.filter(start__in=starts)
    busiest = (
        rows.filter(name_id__in=watched(config).values("pk"))
        .order_by()
        .values_list("name_id")
        .annotate(runs=Sum("count"))
    )
    ids = [pk for pk, _ in busiest.order_by("-runs", "name_id")[: config.anomaly_series]]
    titles = {row.pk: Series(row.kind, row.service, row.name) for row in Name.objects.filter(pk__in=ids)}
    alive = set(rows.order_by().values_list("start", flat=True).distinct())
    known: dict[int, dict[int, SeriesHour]] = defaultdict(dict)
    columns = ("name_id", "start", "count", "errors", "buckets")
    for pk, start, count, errors, blob in rows.filter(name_id__in=ids).values_list(*columns).iterator(_CHUNK):
        known[pk][start] = SeriesHour(count, errors, *_quantiles(merge([bytes(blob)])))
    for pk, series in titles.items():
        frozen, since = trouble.frozen(series), trouble.since(series)
        chosen = choose(hour, known[pk], alive, frozen, lambda _start: SeriesHour(), since)
        if chosen is not None:
            yield _row(pk, series, hour, usual.of_series(chosen))


def _queues(config: Config, hour: int, trouble: Trouble) -> Iterable[Baseline]:
    """Work out the baselines of queues, which are looked at even when nothing waits."""
    names = Name.objects.filter(kind=NAME_KIND).exclude(name=OTHER).order_by("pk")
    titles = {row.pk: Series(NAME_KIND, "", row.name) for row in names[: config.anomaly_series]}
    rows = QueueHour.objects.filter(start__in=candidates(hour), name_id__in=list(titles))
    known: dict[int, dict[int, QueueHours]] = defaultdict(dict)
    for pk, start, depth, age in rows.values_list("name_id", "start", "depth", "age").iterator(_CHUNK):
        known[pk][start] = QueueHours(depth, age)
    for pk, series in titles.items():
        hours = known[pk]
        chosen = choose(hour, hours, hours, trouble.frozen(series), hours.__getitem__, trouble.since(series))
        if chosen is not None:
            yield _row(pk, series, hour, usual.of_queue(chosen))


def _row(pk: int, series: Series, hour: int, found: usual.Usual | usual.UsualQueue) -> Baseline:
    return Baseline(name_id=pk, **series._asdict(), hour=hour, usual=msgspec.to_builtins(found))


def _quantiles(buckets: Mapping[int, int]) -> tuple[float | None, float | None]:
    if sum(buckets.values()) < LEAST_TIMED:
        return None, None
    half, most = (quantile(buckets, part, 0.0, math.inf) for part in (0.5, 0.95))
    return (math.log(half), math.log(most)) if half > 0 else (None, None)
