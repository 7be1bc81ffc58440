"""Something unusual that the analysis has found."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import findings, forms, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result

BEGINNING = "anomaly"
"""How the kinds of such findings begin."""


@dataclass(frozen=True)
class Anomaly(Params):
    """Which anomalies."""

    kinds: tuple[str, ...] = param(forms.patterns(), "What follows `anomaly_` in their kinds; all unless given.", ())
    subjects: tuple[str, ...] = param(forms.patterns(), "What they are about; all unless given.", ())
    window_seconds: int = param(
        forms.seconds(), "For so long what happened once is told of; then the incident is over.", 3600
    )


def read(params: Anomaly, query: Query) -> Result:
    """Find the anomalies that are open or happened in the window."""
    kinds = [f"{BEGINNING}_{kind}" for kind in params.kinds] or [f"{BEGINNING}*"]
    which = findings.of_kinds(kinds) & patterns.where("subject", params.subjects)
    return findings.read(which, "subject", params.window_seconds, query)


KIND = Kind(
    name="anomaly",
    says="Something unusual that the analysis has found.",
    params=Anomaly,
    read=read,
    summary="Unusual: {name} ({finding})",
)
