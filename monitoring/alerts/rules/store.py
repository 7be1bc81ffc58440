"""Rules as they are stored: brought up to date with what code and settings say, and read for evaluation."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connections, router, transaction

from monitoring.conf import get_config

from . import thresholds
from .desired import Desired, rules, setting_problems
from .models import AlertRule, Source
from .rule import Rule
from .validation import NAMES, InvalidRuleError, rule_of, values_of

logger = logging.getLogger("monitoring.alerts")
KEPT_UP = (Source.BUILTIN, Source.SETTINGS, Source.CODE)
"""Sources whose rules follow from code and settings, unless a person changed them."""
_applied: dict[str, str] = {}  # what this process last brought a database up to, by its name


@dataclass(frozen=True)
class Plan:
    """What is to be done to rows so that they are as desired."""

    create: list[AlertRule]
    update: list[tuple[AlertRule, Desired]]
    delete: list[AlertRule]

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)


def active_rules() -> list[Rule]:
    """Return the rules that are to be evaluated, brought up to date before.

    A row that is no rule any more is left out, and told of in the log: an older version may still be running.
    """
    active = []
    for row in synced():
        if row.enabled:
            try:
                active.append(rule_of(row))
            except InvalidRuleError as error:
                logger.warning("The alert rule %r cannot be evaluated: %s", row.name, error)
    return active


def synced() -> list[AlertRule]:
    """Return all rows, brought up to date with code and settings before; it takes one query when they are.

    A process does so when it first asks, and whenever a rule is missing. So two releases that run side by side do not
    undo each other's work for as long as they do.
    """
    alias = router.db_for_write(AlertRule)
    config = get_config()
    desired = rules(config.alert_rules, thresholds.given())
    digest = json.dumps([(one.source, one.values) for one in desired.values()], sort_keys=True, default=str)
    database = str(connections[alias].settings_dict["NAME"])
    rows = list(AlertRule.objects.using(alias).order_by("name"))
    if _applied.get(database) == digest and desired.keys() <= {row.name for row in rows}:
        return rows
    for problem in setting_problems(config.alert_rules):
        logger.warning("%s", problem)
    if plan := planned(desired, rows):
        carry_out(plan, alias)
        rows = list(AlertRule.objects.using(alias).order_by("name"))
    _applied[database] = digest
    return rows


def planned(desired: Mapping[str, Desired], rows: Iterable[AlertRule]) -> Plan:
    """Return what is to be done to rows.

    Rules of people stay as they are, and so do builtin ones that people changed, unless settings speak of them. Rules
    of settings that are gone go; rules of conditions in code are made elsewhere, and stay.
    """
    known = {row.name: row for row in rows}
    create = [AlertRule(**one.values, source=one.source) for name, one in sorted(desired.items()) if name not in known]
    update, delete = [], []
    for name, row in sorted(known.items()):
        one = desired.get(name)
        if one is None:
            if row.source in (Source.BUILTIN, Source.SETTINGS) and not row.edited:
                delete.append(row)
        elif row.source in KEPT_UP and (not row.edited or one.source is Source.SETTINGS) and _differs(row, one):
            update.append((row, one))
    return Plan(create, update, delete)


def _differs(row: AlertRule, one: Desired) -> bool:
    """Whether a row is not as desired; values are compared as they are stored."""
    return row.edited or row.source != one.source or values_of(row) != json.loads(json.dumps(dict(one.values)))


def carry_out(plan: Plan, alias: str) -> None:
    """Make rows as desired, unless a person changed them meanwhile, or another process has done it already."""
    with transaction.atomic(using=alias):
        stored = AlertRule.objects.using(alias)
        stored.bulk_create(plan.create, ignore_conflicts=True)
        for row, one in plan.update:
            changes: dict[str, Any] = {name: one.values[name] for name in NAMES}
            same = stored.filter(pk=row.pk, edited=row.edited, changed_at=row.changed_at)
            same.update(**changes, source=one.source, edited=False)
        for row in plan.delete:
            stored.filter(pk=row.pk, edited=False).delete()


def forget() -> None:
    """Forget what is up to date; for whoever changes rows behind this module's back."""
    _applied.clear()
