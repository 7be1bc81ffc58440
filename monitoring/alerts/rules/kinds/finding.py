"""Something that was found to be wrong with workers, tasks, queues or the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.alerts.rules import findings, forms, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Filters, Params
from monitoring.alerts.rules.samples import Result
from monitoring.jobs.findings import KINDS


@dataclass(frozen=True)
class FindingRule(Params):
    """Which findings."""

    kinds: tuple[str, ...] = param(forms.patterns(1), "Kinds of findings, such as `worker_down` or `schedule_*`.")
    subjects: tuple[str, ...] = param(
        forms.patterns(), "What they are about, such as names of workers, queues or entries; all unless given.", ()
    )
    group_by: str = param(
        forms.choice(*findings.GROUPINGS), "What is told of together: a crash can lose a thousand tasks.", "subject"
    )
    window_seconds: int = param(
        forms.seconds(), "For so long what happened once is told of; then the incident is over.", 3600
    )


def read(params: FindingRule, query: Query) -> Result:
    """Find what is open, and what happened in the window."""
    which = findings.of_kinds(params.kinds) & patterns.where("subject", params.subjects)
    return findings.read(which, params.group_by, params.window_seconds, query)


def check(params: FindingRule, _filters: Filters) -> Iterator[tuple[str, str]]:
    """Refuse what no finding can be."""
    for pattern in params.kinds:
        if not any(patterns.matches([pattern], kind) for kind in KINDS):
            yield "params", f"kinds: there are no findings of the kind {pattern}, only {', '.join(KINDS)}"


KIND = Kind(
    name="finding",
    says="Something that was found to be wrong with workers, tasks, queues or the schedule.",
    params=FindingRule,
    read=read,
    summary="{name} {finding}",
    check=check,
)
