"""Durations of tracked operations, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import router
from django.db.models import Sum
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily

from monitoring.conf import Config
from monitoring.storage.names import Name

from .models import DurationTotal


def families(config: Config) -> Iterator[Metric]:
    """Yield how often operations ran, how long in all, and how often they failed; the oldest names first."""
    durations = SummaryMetricFamily(
        "enginel_operation_duration_seconds", "Durations of tracked operations.", labels=("operation",)
    )
    failures = CounterMetricFamily(
        "enginel_operation_failures", "Tracked operations that raised an exception.", labels=("operation",)
    )
    using = router.db_for_write(DurationTotal)
    names = Name.objects.using(using).filter(kind="operation").order_by("pk")
    titles = dict(names.values_list("pk", "name")[: config.metrics_series])
    rows = DurationTotal.objects.using(using).filter(name_id__in=names.values("pk")[: config.metrics_series])
    summed: dict[str, tuple[int, int, int]] = {}
    for pk, *amounts in rows.order_by().values_list("name_id").annotate(Sum("count"), Sum("errors"), Sum("total")):
        known = summed.get(titles.get(pk, ""), (0, 0, 0))
        count, errors, total = (one + more for one, more in zip(known, amounts, strict=True))
        summed[titles.get(pk, "")] = (count, errors, total)
    for name, (count, errors, total) in sorted(summed.items()):
        durations.add_metric((name,), count, total / 1e9)
        failures.add_metric((name,), errors)
    yield durations
    yield failures
