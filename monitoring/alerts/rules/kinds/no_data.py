"""A metric, route, task, operation or service that fell silent."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from monitoring.alerts.rules import forms, patterns, rollups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Filters, Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.metrics.labels import COUNTER, GAUGE
from monitoring.metrics.models import CounterMinute, GaugeValue
from monitoring.performance.models import HourRollup, MinuteRollup
from monitoring.storage.names import Name

_HOUR = 60
_KINDS = {"counter": COUNTER, "gauge": GAUGE}
Key = tuple[str, str]
"""Service and name; both the service's where those are asked for, and no service for what was never seen."""


@dataclass(frozen=True)
class NoData(Params):
    """What must be heard of."""

    names: tuple[str, ...] = param(
        forms.patterns(1), "What must be heard of. A name without * or ? must, even if it never was."
    )
    of: str = param(
        forms.choice("request", "task", "operation", "counter", "gauge", "service"), "What it is.", "request"
    )
    window_seconds: int = param(forms.seconds(300), "So long a silence is worth an alert.", 600)
    known_seconds: int = param(
        forms.whole(3600, 7 * forms.DAY),
        "What matches a pattern is expected for so long after it was heard of.",
        forms.DAY,
    )


def read(params: NoData, query: Query) -> Result:
    """Find what is expected and was not heard of in the window."""
    known = _names(params, query)
    first, end = query.minutes(params.window_seconds)
    before = query.minutes(max(params.known_seconds, params.window_seconds))[0]
    ids = Q(name_id__in=known.values("pk"))
    heard = _heard(params.of, ids, first, end)
    expected = heard | _heard_before(params.of, ids, before, end)
    keys = {pk: _key(params.of, service, name) for pk, service, name in _titles(known, expected)}
    silent = {keys[pk] for pk in expected if pk in keys} - {keys[pk] for pk in heard if pk in keys}
    seen = {key[1] for key in keys.values()}
    never = {("", name) for name in params.names if patterns.is_plain(name) and not _is_seen(params.of, name, seen)}
    label = "metric" if params.of in _KINDS else rollups.LABELS.get(params.of, "service")
    samples = [Sample(_labels(label, key), float(params.window_seconds)) for key in sorted(silent | never)]
    return Result(samples)


def _names(params: NoData, query: Query) -> QuerySet[Name]:
    if params.of == "service":
        of_rollups = Q(kind__in=list(rollups.LABELS))
        return Name.objects.filter(of_rollups, patterns.where("service", params.names))
    before = patterns.METHOD if params.of == "request" else ""
    conditions = patterns.where("name", params.names, before), patterns.where("service", query.filters.service)
    return Name.objects.filter(*conditions, kind=_KINDS.get(params.of, params.of))


def _heard(of: str, ids: Q, first: int, end: int) -> set[int]:
    """Return which names there is something of in some minutes."""
    if of == "gauge":
        rows = GaugeValue.objects.filter(ids, at__gte=first * 60_000)
        return set(rows.values_list("name_id", flat=True))
    model = CounterMinute if of == "counter" else MinuteRollup
    found = model.objects.filter(ids, start__gte=first, start__lt=end)
    return set(found.order_by().values_list("name_id", flat=True).distinct())


def _heard_before(of: str, ids: Q, first: int, end: int) -> set[int]:
    """Return which names there was something of lately; from hours, as far as there are any."""
    if of in _KINDS:
        return _heard(of, ids, first, end)
    recent = _heard(of, ids, max(first, end - 3 * _HOUR), end)  # the last hours may not be summed up yet
    hours = HourRollup.objects.filter(ids, start__gte=first // _HOUR * _HOUR)
    return recent | set(hours.order_by().values_list("name_id", flat=True).distinct())


def _titles(known: QuerySet[Name], ids: Collection[int]) -> list[tuple[int, str, str]]:
    return [row for row in known.values_list("pk", "service", "name") if row[0] in ids]


def _key(of: str, service: str, name: str) -> Key:
    return (service, service) if of == "service" else (service, name)


def _is_seen(of: str, wanted: str, seen: Collection[str]) -> bool:
    before = patterns.METHOD if of == "request" else ""
    return any(patterns.matches([wanted], name, before) for name in seen)


def _labels(label: str, key: Key) -> dict[str, str]:
    service, name = key
    return {label: name, **({"service": service} if service and label != "service" else {})}


def check(params: NoData, filters: Filters) -> Iterator[tuple[str, str]]:
    """Refuse a filter that says the same as a parameter."""
    if params.of == "service" and filters.service:
        yield "filters", "service is what is asked for; use the parameter names"


KIND = Kind(
    name="no_data",
    says="A metric, route, task, operation or service that fell silent.",
    params=NoData,
    read=read,
    summary="Nothing was heard of {name} for {window}",
    filters=frozenset({"service"}),
    check=check,
)
