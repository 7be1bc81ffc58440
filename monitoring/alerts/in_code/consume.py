"""Take in the alerts that conditions in code have raised, each once, and make a rule of each condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitoring.alerts.levels import AlertLevel
from monitoring.alerts.rules.models import AlertRule, Source
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import CodeAlert

KIND = "code"
DUE = "alerts"
"""What a drain says is due when there is something to alert of."""
_MOST_COOLDOWN = 7 * 24 * 3600
_MOST_RULES = 200
_TAKEN = " (code)"


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Store alerts, and the rules that are new."""
    now = datetime.fromtimestamp(scope.now / 1000, UTC)
    found = [(fact, row) for fact in facts.get("alert", ()) if (row := _row(fact, now)) is not None]
    if not found:
        return []
    cooldowns = {row.rule: _cooldown(fact.values) for fact, row in found}
    return [lambda: _store([row for _, row in found], cooldowns, scope)]


def _row(fact: Fact, now: datetime) -> CodeAlert | None:
    """Read an alert; what is not of its form is left empty, and one without a name is none."""
    values = fact.values
    event = values.get("error_event")
    event = event if isinstance(event, dict) else {}
    name = _text(values, "name", 100)
    if not name or not name.isprintable():  # no rule could have it
        return None
    level = _text(values, "alert_level", 10)
    return CodeAlert(
        rule=name,
        at=now,
        level=level if level in list(AlertLevel) else AlertLevel.ERROR.value,
        message=_text(values, "message", 500),
        service=_text(event, "service", 200) or fact.service[:200],
        environment=_text(event, "environment", 50),
        release=_text(event, "release", 200),
        error_type=_text(event, "error_type", 40),
        endpoint=_text(event, "endpoint", 200),
        event=event,
    )


def _cooldown(values: Mapping[str, Any]) -> int:
    found = values.get("cooldown")
    known = isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= _MOST_COOLDOWN
    return int(found) if known and found is not None else 0


def _store(rows: Sequence[CodeAlert], cooldowns: Mapping[str, int], scope: Scope) -> None:
    alias = scope.connection.alias
    CodeAlert.objects.using(alias).bulk_create(rows, batch_size=500)
    rules = AlertRule.objects.using(alias)
    known = {params.get("rule") for params in rules.filter(kind=KIND).values_list("params", flat=True)}
    new = {row.rule: row for row in rows if row.rule not in known}
    room = max(0, _MOST_RULES - len(known))
    taken = set(rules.filter(name__in=new).values_list("name", flat=True))
    made = [_rule(row, cooldowns[name], taken) for name, row in sorted(new.items())[:room]]
    rules.bulk_create(made, ignore_conflicts=True)
    scope.due.add(DUE)


def _rule(row: CodeAlert, cooldown: int, taken: set[str]) -> AlertRule:
    """Make the rule by which people see, silence and switch off a condition."""
    name = row.rule if row.rule not in taken else f"{row.rule[: 100 - len(_TAKEN)]}{_TAKEN}"
    return AlertRule(
        name=name,
        kind=KIND,
        params={"rule": row.rule},
        severity=AlertLevel(row.level).severity.value,
        cooldown_seconds=cooldown,
        summary="{message}",
        source=Source.CODE,
    )


def _text(values: Mapping[str, Any], key: str, limit: int) -> str:
    value = values.get(key)
    return value[:limit] if isinstance(value, str) else ""
