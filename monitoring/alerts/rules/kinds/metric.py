"""A gauge, or the growth of a counter, compared with a threshold."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from monitoring.alerts.rules import forms, patterns
from monitoring.alerts.rules.comparison import COMPARISONS, holds
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.metrics.labels import COUNTER, GAUGE
from monitoring.metrics.models import CounterMinute, GaugeValue
from monitoring.metrics.reader import GAUGE_SECONDS
from monitoring.storage.names import Name

MAX_NAMES = 1_000
"""Metrics that one rule judges, the first by name."""
Names = dict[int, tuple[str, str]]


@dataclass(frozen=True)
class Metric(Params):
    """Which metric, and what is wrong about it."""

    names: tuple[str, ...] = param(forms.patterns(1), "Names of counters, or of gauges.")
    threshold: float = param(forms.number(), "What it is compared with.")
    comparison: str = param(forms.choice(*COMPARISONS), "How it is compared.", ">")
    measure: str = param(
        forms.choice("value", "increase", "rate"),
        "The latest value of a gauge, or by how much a counter grew in the window, in all or in a second.",
        "value",
    )
    window_seconds: int = param(forms.seconds(), "Over how long counters are looked at.", 300)


def read(params: Metric, query: Query) -> Result:
    """Find the metrics that meet the comparison; a gauge counts for five minutes, a counter that rests grows by 0."""
    kind = GAUGE if params.measure == "value" else COUNTER
    conditions = patterns.where("name", params.names), patterns.where("service", query.filters.service)
    rows = Name.objects.filter(*conditions, kind=kind).order_by("name", "service")[:MAX_NAMES]
    names: Names = {pk: (service, name) for pk, service, name in rows.values_list("pk", "service", "name")}
    values = _gauges(names, query) if kind == GAUGE else _growth(names, params, query)
    samples = [
        Sample({"metric": name, "service": service}, values[pk])
        for pk, (service, name) in names.items()
        if pk in values and holds(values[pk], params.comparison, params.threshold)
    ]
    return Result(samples, missing=not values)


def _gauges(names: Names, query: Query) -> dict[int, float]:
    """Return the latest value of each gauge, whichever shard saw it."""
    now = int(query.now.timestamp() * 1000)
    rows = GaugeValue.objects.filter(name_id__in=list(names), at__gte=now - GAUGE_SECONDS * 1000)
    return dict(rows.order_by("at").values_list("name_id", "value"))


def _growth(names: Names, params: Metric, query: Query) -> dict[int, float]:
    """Return by how much each counter grew, or in a second on average."""
    first, end = query.minutes(params.window_seconds)
    rows = CounterMinute.objects.filter(name_id__in=list(names), start__gte=first, start__lt=end).order_by()
    grown = dict(rows.values_list("name_id").annotate(Sum("value")))
    divisor = query.covered(params.window_seconds) if params.measure == "rate" else 1.0
    return {pk: grown.get(pk, 0.0) / divisor for pk in names}


KIND = Kind(
    name="metric",
    says="A gauge, or the growth of a counter, compared with a threshold.",
    params=Metric,
    read=read,
    summary="{metric} is {value}",
    filters=frozenset({"service"}),
)
