"""Requests, operations, tasks or their waits that take too long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.alerts.rules import forms, rollups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Filters, Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.performance.stats import COLUMNS, Summary

MAX_NAMES = 1_000
"""Names that are judged, those with the most occurrences."""
_QUANTILES = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Latency(Params):
    """What must take how long at most."""

    threshold_seconds: float = param(forms.number(above=0), "A quantile from here on is worth an alert.")
    of: str = param(
        forms.choice(*rollups.LABELS), "What is timed; `wait` is how long tasks wait in their queue.", "request"
    )
    quantile: str = param(forms.choice(*_QUANTILES), "Which quantile is judged.", "p95")
    names: tuple[str, ...] = param(forms.patterns(), "Operations or tasks; all unless given.", ())
    window_seconds: int = param(forms.seconds(), "Over how long.", 300)


def read(params: Latency, query: Query) -> Result:
    """Find the names whose quantile reaches the threshold."""
    counted = rollups.counts(params.of, params.window_seconds, query, params.names)
    enough = [pk for pk, one in counted.items() if one.count >= query.min_count]
    judged = sorted(enough, key=lambda pk: (-counted[pk].count, pk))[:MAX_NAMES]
    found = [
        (pk, statistics)
        for pk, summary in _summaries(judged, params, query).items()
        if (statistics := summary.statistics())[params.quantile] >= params.threshold_seconds
    ]
    titles = rollups.titles([pk for pk, _ in found])
    return Result(
        [
            Sample(
                {rollups.LABELS[params.of]: titles[pk].name, "service": titles[pk].service},
                statistics[params.quantile],
                statistics["count"],
                evidence={"quantile": params.quantile, **statistics},
            )
            for pk, statistics in found
            if pk in titles
        ],
        missing=not counted,
    )


def _summaries(ids: list[int], params: Latency, query: Query) -> dict[int, Summary]:
    found: dict[int, Summary] = defaultdict(Summary)
    if not ids:
        return found
    for part in rollups.segments(*query.minutes(params.window_seconds)):
        for row in part.rows().filter(name_id__in=ids).order_by().values_list("name_id", *COLUMNS):
            found[row[0]].add(row[1:])
    return found


def check(params: Latency, filters: Filters) -> Iterator[tuple[str, str]]:
    """Refuse what only requests, or only the others have."""
    if filters.route and params.of != rollups.REQUEST:
        yield "filters", "route is of requests alone; use the parameter names"
    if params.names and params.of == rollups.REQUEST:
        yield "params", "names are of operations and tasks alone; use the filter route"


KIND = Kind(
    name="latency",
    says="Requests, operations, tasks or their waits that take too long.",
    params=Latency,
    read=read,
    summary="{quantile} of {name} is {value} s",
    filters=frozenset({"service", "route"}),
    min_count=20,
    check=check,
)
