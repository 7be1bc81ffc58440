"""What people do to rules, and the history of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, router, transaction

from monitoring.storage import trail

from .desired import builtin_values
from .models import AlertRule, RuleChange, Source
from .validation import NAMES, InvalidRuleError, complete, values_of

CHANGES_KEPT = 100
"""Changes of one rule that are kept, the latest."""


class RefusedError(Exception):
    """This cannot be done to this rule; the message says why."""


def create(values: Mapping[str, Any], who: str, source: Source) -> AlertRule:
    """Make a rule.

    Args:
        values: Its fields; what is left out has its default.
        who: Name of the person.
        source: `ADMIN` or `API`.

    Raises:
        InvalidRuleError: Something is wrong with it, or its name is taken.
    """
    complete_values = complete(values)
    row = AlertRule(**complete_values, source=source, changed_at=datetime.now(UTC), changed_by=who[:200])
    try:
        with transaction.atomic(using=_alias()):
            row.save(using=_alias(), force_insert=True)
            _note("rule.create", row, row.name, who, {name: [None, value] for name, value in complete_values.items()})
    except IntegrityError:
        raise InvalidRuleError({"name": "is the name of another rule"}) from None
    return row


def change(row: AlertRule, values: Mapping[str, Any], who: str) -> AlertRule:
    """Change a rule; what nobody but a person changes stays so in upgrades.

    Args:
        row: The rule as it was read.
        values: The fields that are to change.
        who: Name of the person.

    Returns:
        The rule as it is then.

    Raises:
        InvalidRuleError: Something would be wrong with it, or its name is taken.
        RefusedError: Settings say what it is, somebody else changed it meanwhile, or its name cannot change.
    """
    if reason := refusal(row):
        raise RefusedError(reason)
    before = values_of(row)
    after = complete({**before, **values})
    changes = {name: [before[name], after[name]] for name in NAMES if before[name] != after[name]}
    if not changes:
        return row
    if "name" in changes and row.source in (Source.BUILTIN, Source.CODE):
        raise RefusedError(f"The name of a rule whose source is {row.source} cannot change: it is known by it.")
    _write(row, {name: value for name, (_, value) in changes.items()} | {"edited": True}, changes, who)
    return AlertRule.objects.using(_alias()).get(pk=row.pk)


def restore(row: AlertRule, who: str) -> AlertRule:
    """Make a builtin rule what it is for everybody else again.

    Raises:
        RefusedError: It is not builtin, or somebody else changed it meanwhile.
    """
    after = builtin_values(row.name) if row.source in (Source.BUILTIN, Source.CODE) else None
    if after is None:
        raise RefusedError("Only builtin rules can be restored.")
    before = values_of(row)
    changes = {name: [before[name], after[name]] for name in NAMES if before[name] != after[name]}
    _write(row, {name: after[name] for name in NAMES} | {"edited": False, "source": Source.BUILTIN}, changes, who)
    return AlertRule.objects.using(_alias()).get(pk=row.pk)


def delete(row: AlertRule, who: str) -> None:
    """Delete a rule that a person made.

    Raises:
        RefusedError: It comes from code or settings, and would come back.
    """
    if row.source not in (Source.ADMIN, Source.API):
        raise RefusedError(refusal(row) or f"A rule whose source is {row.source} can be disabled, but not deleted.")
    with transaction.atomic(using=_alias()):
        AlertRule.objects.using(_alias()).filter(pk=row.pk).delete()
        _note("rule.delete", row, row.name, who, {name: [value, None] for name, value in values_of(row).items()})


def refusal(row: AlertRule) -> str:
    """Say why people cannot change a rule; empty where they can."""
    if row.source == Source.SETTINGS:
        return "This rule is made in settings; change it in MONITORING['ALERT_RULES']."
    return ""


def _write(row: AlertRule, values: dict[str, Any], changes: Mapping[str, list[Any]], who: str) -> None:
    """Write what a person changed, if the rule still is as that person saw it."""
    now = datetime.now(UTC)
    with transaction.atomic(using=_alias()):
        same = AlertRule.objects.using(_alias()).filter(pk=row.pk, changed_at=row.changed_at, source=row.source)
        try:
            with transaction.atomic(using=_alias()):
                written = same.update(**values, changed_at=now, changed_by=who[:200])
        except IntegrityError:
            raise InvalidRuleError({"name": "is the name of another rule"}) from None
        if not written:
            raise RefusedError("Somebody else has changed this rule meanwhile; look at it again.")
        _note("rule.change", row, str(values.get("name", row.name)), who, changes)


def _note(action: str, row: AlertRule, name: str, who: str, changes: Mapping[str, list[Any]]) -> None:
    """Write a change into the history, drop the oldest ones, and tell of it."""
    rows = RuleChange.objects.using(_alias())
    rows.create(rule=name, at=datetime.now(UTC), who=who[:200], changes=dict(changes))
    old = list(rows.filter(rule=name).order_by("-at", "-id").values_list("pk", flat=True)[CHANGES_KEPT:])
    if old:
        rows.filter(pk__in=old).delete()
    said = {"name": name, "changes": dict(changes)}
    trail.tell(trail.Deed(action, "rule", str(row.pk or ""), actor=who, details=said), _alias())


def _alias() -> str:
    return router.db_for_write(AlertRule)
