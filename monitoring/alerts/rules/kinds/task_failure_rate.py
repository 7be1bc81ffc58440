"""Too large a share of tasks that fail."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import forms, rollups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.ratios import failing
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result


@dataclass(frozen=True)
class TaskFailureRate(Params):
    """Which tasks, and how many of them may fail."""

    threshold: float = param(forms.ratio(), "A share from here on is worth an alert; 0.05 is one of twenty.")
    names: tuple[str, ...] = param(forms.patterns(), "Names of tasks; all unless given.", ())
    window_seconds: int = param(forms.seconds(), "Over how long.", 600)
    group_by: str = param(
        forms.choice("name", "service", "all"), "Whether tasks are judged each, or services, or all together.", "name"
    )


def read(params: TaskFailureRate, query: Query) -> Result:
    """Find what fails too often."""
    counted = rollups.counts(rollups.TASK, params.window_seconds, query, params.names)
    labelled = rollups.by_labels(rollups.TASK, counted, params.group_by)
    return failing(labelled, params.threshold, query)


KIND = Kind(
    name="task_failure_rate",
    says="Too large a share of executions of tasks that fail; a retry is no failure.",
    params=TaskFailureRate,
    read=read,
    summary="{percent} of executions fail: {name}",
    filters=frozenset({"service"}),
    min_count=10,
)
