"""Writing what an evaluation made of incidents: rows, history and who is told, all or nothing.

What was drafted without a lock is judged once more under it, so that what people decided meanwhile is not undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from monitoring.alerts.deliveries.planning import plan
from monitoring.conf import Config

from . import history, rows
from .drafts import Draft, judge, settle
from .fence import Fence
from .models import Incident, IncidentEntry
from .states import IncidentState
from .verdicts import Verdicts

BATCH = 500
"""So many incidents are written in one transaction."""


def write(drafts: Sequence[Draft], verdicts: Verdicts, fence: Fence, config: Config) -> int:
    """Write some incidents in one short transaction, in a number of statements that does not grow with them.

    Args:
        drafts: Which ones, `BATCH` at most, those that are stored in the order of their keys.
        verdicts: What the evaluation says.
        fence: What tells evaluators apart.
        config: This installation's settings.

    Returns:
        How many deliveries there are to be made.

    Raises:
        SupersededError: Another evaluator went on; nothing was written.
    """
    alias = fence.alias
    with fence.kept(), transaction.atomic(using=alias):
        fence.advance()
        new, changed, gone, entries = _settled(drafts, verdicts, alias, config)
        table = Incident.objects.using(alias)
        table.bulk_create(new)
        rows.overwrite(changed, alias)
        if gone:
            table.filter(pk__in=gone).delete()
        if not entries:
            return 0
        history.write(entries, alias)
        return plan(entries, verdicts.at, alias)


def _settled(
    drafts: Sequence[Draft], verdicts: Verdicts, alias: str, config: Config
) -> tuple[list[Incident], list[Incident], list[int], list[IncidentEntry]]:
    locked = _locked([draft.row.pk for draft in drafts if draft.row is not None], alias)
    earlier = _earlier([draft.key for draft in drafts if draft.row is None], verdicts, alias, config)
    new, changed, gone, entries = list[Incident](), list[Incident](), list[int](), list[IncidentEntry]()
    for draft in drafts:
        row = None if draft.row is None else locked.get(draft.row.pk)
        if draft.row is not None and (row is None or (row.state == IncidentState.RESOLVED and not row.spent)):
            continue  # a person was faster; what there still is, the next evaluation finds
        result = judge(draft.key, row, verdicts, config, earlier.get(draft.key, ()))
        if result.standing is None:
            gone += [] if row is None else [row.pk]
            continue
        if row is None:
            row = _begin(draft, verdicts)
            new.append(row)
        else:
            row.version += 1
            changed.append(row)
        steps = settle(row, result, draft, verdicts)
        entries += [history.entry(row, step.kind, verdicts.at, detail=step.detail) for step in steps]
    return new, changed, gone, entries


def _locked(pks: Sequence[int], alias: str) -> dict[int, Incident]:
    if not pks:
        return {}
    found = Incident.objects.using(alias).filter(pk__in=pks).order_by("pk").select_for_update(of=("self",))
    return {row.pk: row for row in found}


def _earlier(keys: Sequence[str], verdicts: Verdicts, alias: str, config: Config) -> dict[str, tuple[float, ...]]:
    """Return the changes of incidents that were over lately, by key: what begins may be their recurrence."""
    if not keys:
        return {}
    since = verdicts.at - timedelta(seconds=config.alert_flap_seconds)
    found = Incident.objects.using(alias).filter(key__in=keys, resolved__gt=since).order_by("resolved")
    return {key: tuple(changes) for key, changes in found.values_list("key", "changes")}


def _begin(draft: Draft, verdicts: Verdicts) -> Incident:
    finding = verdicts.findings[draft.key]
    return Incident(rule_name=finding.rule.name, key=draft.key, labels=dict(finding.sample.labels))
