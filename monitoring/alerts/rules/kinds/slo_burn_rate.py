"""An error budget that is used up too quickly, in a long window and still in a short one.

The windows and factors are those that Google's Site Reliability Workbook recommends for a budget of 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from monitoring.alerts.rules import forms, rollups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.ratios import shares
from monitoring.alerts.rules.rule import Filters, Params
from monitoring.alerts.rules.samples import Result, Sample

Labels = tuple[tuple[str, str], ...]


class Windows(NamedTuple):
    """Two windows in seconds, and how many times as fast as allowed the budget may go at most in both."""

    long: int
    short: int
    factor: float


WINDOWS = {
    "1h/5m": Windows(3600, 300, 14.4),
    "6h/30m": Windows(6 * 3600, 1800, 6.0),
    "3d/6h": Windows(3 * forms.DAY, 6 * 3600, 1.0),
}


@dataclass(frozen=True)
class SloBurnRate(Params):
    """What is promised of what."""

    objective: float = param(forms.number(above=0, most=0.99999), "Share that has to succeed, such as 0.999.")
    windows: str = param(forms.choice(*WINDOWS), "The long and the short window: 14.4, 6 or 1 times as fast.", "1h/5m")
    of: str = param(forms.choice("request", "task"), "Whether requests or tasks have to succeed.", "request")
    names: tuple[str, ...] = param(forms.patterns(), "Names of tasks; all unless given.", ())
    group_by: str = param(
        forms.choice("name", "service", "all"),
        "Whether the promise is each route's, each service's, or one.",
        "service",
    )


def read(params: SloBurnRate, query: Query) -> Result:
    """Find what burns its budget too quickly in both windows. Too few occurrences in the long one are not judged.

    The short window is looked at first: while nothing burns, the long one, which costs more, is not read at all.
    """
    windows, budget = WINDOWS[params.windows], 1.0 - params.objective
    lately = _labelled(params, windows.short, query)
    burning = {labels: burned for labels, one in lately if (burned := one.errors / one.count / budget) > windows.factor}
    samples = []
    for labels, one in _labelled(params, windows.long, query) if burning else ():
        burned = one.errors / one.count / budget
        if labels in burning and one.count >= query.min_count and burned > windows.factor:
            evidence = {"burn_rate_short": burning[labels], "objective": params.objective, **shares(one)}
            samples.append(Sample(dict(labels), burned, one.errors, evidence=evidence))
    return Result(samples, missing=not lately)


def _labelled(params: SloBurnRate, seconds: int, query: Query) -> list[tuple[Labels, rollups.Counts]]:
    """Return what there was in a window, by its labels."""
    counted = rollups.counts(params.of, seconds, query, params.names)
    labelled = rollups.by_labels(params.of, counted, params.group_by)
    return [(tuple(labels.items()), one) for labels, one in labelled if one.count]


def check(params: SloBurnRate, filters: Filters) -> Iterator[tuple[str, str]]:
    """Refuse what the other of the two has."""
    if filters.route and params.of != rollups.REQUEST:
        yield "filters", "route is of requests alone; use the parameter names"
    if params.names and params.of == rollups.REQUEST:
        yield "params", "names are of tasks alone; use the filter route"


KIND = Kind(
    name="slo_burn_rate",
    says="An error budget that is used up too quickly, in a long window and still in a short one.",
    params=SloBurnRate,
    read=read,
    summary="The error budget burns {value} times as fast as allowed: {name}",
    filters=frozenset({"service", "route"}),
    min_count=100,
    check=check,
)
