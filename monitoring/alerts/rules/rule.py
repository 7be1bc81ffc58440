"""A rule as a value. Where rules come from is the store's concern, what they find the evaluation's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from monitoring.classification import ErrorSeverity

OWN_LABELS = frozenset({"rule", "severity", "kind"})
"""What matchers see of an incident's rule beside its labels, none of which is called so."""


@dataclass(frozen=True)
class Params:
    """Base of what a kind of rules can be told; a kind's own fields are documented with it."""


@dataclass(frozen=True)
class Filters:
    """Which part of the data a rule looks at: glob patterns, of which one must match; none means everything."""

    service: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()

    def given(self) -> set[str]:
        """Return the names of those filters that narrow anything."""
        return {one.name for one in fields(self) if getattr(self, one.name)}


@dataclass(frozen=True)
class Rule:
    """What is watched, and what is made of it.

    Attributes:
        id: Primary key of its row.
        name: Unique; with a sample's labels it identifies an incident.
        kind: Which of the kinds of rules it is.
        params: What that kind is told.
        filters: Which part of the data it looks at.
        severity: How bad it is.
        for_seconds: For so long a sample must be active before its incident fires: Prometheus' `for`.
        keep_firing_seconds: For so long an incident fires on without a sample: Prometheus' `keep_firing_for`.
        min_count: Rates and quantiles of fewer occurrences than this are not judged.
        cooldown_seconds: Within so long nobody is told again of one incident that goes on.
        channels: Names of the channels that are told; those of the severity where there are none.
        summary: Template of the sentence people read, with labels in braces.
        runbook_url: Where it stands what to do.
        labels: Further labels of its incidents.
        source: Where it comes from: `builtin`, `settings`, `admin`, `api` or `code`.
    """

    id: int
    name: str
    kind: str
    params: Params
    filters: Filters = Filters()
    severity: ErrorSeverity = ErrorSeverity.HIGH
    for_seconds: int = 0
    keep_firing_seconds: int = 0
    min_count: int = 0
    cooldown_seconds: int = 0
    channels: tuple[str, ...] = ()
    summary: str = ""
    runbook_url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str = "admin"
