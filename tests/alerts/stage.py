"""Rules that find what a test says, evaluated at whatever time it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.alerts.incidents import evaluate as evaluation
from monitoring.alerts.incidents.evaluate import Round
from monitoring.alerts.rules import registry
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.models import AlertRule
from monitoring.alerts.rules.rule import Params, Rule
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.classification import ErrorSeverity
from monitoring.conf import get_config

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Stage:
    """What rules find, and the evaluations of them.

    Attributes:
        found: What each rule finds: samples, an exception that it raises, or None for no data at all.
        asked: Since when each rule was asked, at the last evaluation.
    """

    def __init__(self) -> None:
        self.now = START
        self.rules: list[Rule] = []
        self.found: dict[str, list[Sample] | Exception | None] = {}
        self.asked: dict[str, datetime | None] = {}

    def rule(self, name: str = "broken", **values: Any) -> Rule:
        """Add a rule, which finds nothing yet."""
        row = AlertRule.objects.create(name=name, kind="health")
        values = {"severity": ErrorSeverity.HIGH, "kind": f"staged:{name}", **values}
        registry.KINDS[values["kind"]] = Kind(
            name=values["kind"],
            says="",
            params=Params,
            read=lambda _params, query: self._read(name, query),
            summary="{subject} is broken",
        )
        made = Rule(id=row.pk, name=name, params=Params(), **values)
        self.rules.append(made)
        self.found[name] = []
        return made

    def finds(self, rule: Rule, *subjects: str, count: int = 0, event: bool = False) -> None:
        """Say what a rule finds from now on."""
        self.found[rule.name] = [Sample({"subject": one}, 1.0, count, event=event) for one in subjects]

    def evaluate(self, after: float = 10) -> Round | None:
        """Evaluate all rules, some seconds after the last time."""
        self.now += timedelta(seconds=after)
        return evaluation.evaluate(get_config(), self.now)

    def _read(self, name: str, query: Query) -> Result:
        self.asked[name] = query.since
        found = self.found[name]
        if isinstance(found, Exception):
            raise found
        return Result(found or [], missing=found is None)


def install(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Return a stage without rules, whose rules are the only ones that are evaluated."""
    made = Stage()
    monkeypatch.setattr(registry, "KINDS", dict(registry.KINDS))
    monkeypatch.setattr("monitoring.alerts.rules.evaluation.KINDS", registry.KINDS)
    monkeypatch.setattr(evaluation, "active_rules", lambda: made.rules)
    return made
