"""Too large a share of requests that are answered with 5xx."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import forms, rollups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.ratios import failing
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result


@dataclass(frozen=True)
class RequestErrorRate(Params):
    """Which requests, and how many of them may fail."""

    threshold: float = param(forms.ratio(), "A share from here on is worth an alert; 0.05 is one of twenty.")
    window_seconds: int = param(forms.seconds(), "Over how long.", 300)
    group_by: str = param(
        forms.choice("name", "service", "all"), "Whether routes are judged each, or services, or all together.", "name"
    )


def read(params: RequestErrorRate, query: Query) -> Result:
    """Find what fails too often."""
    counted = rollups.counts(rollups.REQUEST, params.window_seconds, query)
    labelled = rollups.by_labels(rollups.REQUEST, counted, params.group_by)
    return failing(labelled, params.threshold, query)


KIND = Kind(
    name="request_error_rate",
    says="Too large a share of requests that are answered with 5xx.",
    params=RequestErrorRate,
    read=read,
    summary="{percent} of requests fail: {name}",
    filters=frozenset({"service", "route"}),
    min_count=20,
)
