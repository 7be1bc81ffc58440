"""How incidents would stand after an evaluation, and who is not to be told of them. No statement is issued here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitoring.alerts.rules.samples import Sample
from monitoring.alerts.silences.matchers import labels_of
from monitoring.alerts.silences.muting import NOT_MUTED, Muted, mute
from monitoring.alerts.silences.reading import Mutes
from monitoring.conf import Config

from . import rows
from .machine import Advance, Found, Step, advance, close
from .models import Incident
from .states import TOLD, IncidentState, TransitionKind
from .verdicts import Verdicts, terms_of

REFRESH = timedelta(minutes=1)
"""So old may be what is stored of an incident that goes on unchanged."""


@dataclass(frozen=True)
class Draft:
    """One incident that there is, or would be, after an evaluation.

    Attributes:
        row: As it was read; None where there is none yet.
        muted: What keeps it from being told.
        cause_id: Primary key of the incident that it follows from, once that is stored.
    """

    key: str
    row: Incident | None
    muted: Muted = NOT_MUTED
    cause_id: int | None = None

    def rule_name(self, verdicts: Verdicts) -> str:
        """Return the name of its rule."""
        return self.row.rule_name if self.row is not None else verdicts.findings[self.key].rule.name


def judge(
    key: str, row: Incident | None, verdicts: Verdicts, config: Config, earlier: tuple[float, ...] = ()
) -> Advance:
    """Say how an incident stands after an evaluation; as before, where that could not tell.

    Args:
        key: Its key.
        row: As it is stored; None where there is none.
        verdicts: What the evaluation says.
        config: This installation's settings.
        earlier: Changes of the incident of the same key before.
    """
    finding = verdicts.findings.get(key)
    found = None if finding is None else _found(finding.sample)
    if row is None:
        return (
            Advance(None)
            if finding is None
            else advance(None, found, terms_of(finding.rule, config), verdicts.at, earlier)
        )
    before = rows.standing_of(row)
    if row.rule_name in verdicts.failed:
        return Advance(before)
    rule = verdicts.rules.get(row.rule_name)
    if rule is None:
        return close(before, verdicts.at, "Its rule is gone, or is switched off.")
    if found is None and rule.name in verdicts.missing:
        if verdicts.at - row.last_active < timedelta(seconds=config.alert_missing_seconds):
            return Advance(before)
        return close(before, verdicts.at, "There has been no data for long.")
    return advance(before, found, terms_of(rule, config), verdicts.at)


def _found(sample: Sample) -> Found:
    return Found(sample.count, sample.event, sample.again)


def drafts_of(open_rows: Mapping[str, Incident], verdicts: Verdicts, mutes: Mutes, config: Config) -> list[Draft]:
    """Return those incidents of which something is to be written, those that are stored first, in their order.

    Args:
        open_rows: Incidents that are not over, by key.
        verdicts: What the evaluation says.
        mutes: Silences, windows and inhibitions that are for now.
        config: This installation's settings.
    """
    new = [key for key in verdicts.findings if key not in open_rows]
    ahead = {key: judge(key, open_rows.get(key), verdicts, config) for key in (*open_rows, *new)}
    muted = mute(_firing(ahead, open_rows, verdicts), mutes.quiets, mutes.inhibiting)
    drafts = []
    for key, result in ahead.items():
        row, held = open_rows.get(key), muted.get(key, NOT_MUTED)
        cause = open_rows.get(held.cause) if held.cause is not None else None
        draft = Draft(key, row, held, cause.pk if cause is not None else None)
        if row is None or _differs(row, result, draft, verdicts):
            drafts.append(draft)
    return sorted(drafts, key=lambda one: (one.row is None, one.row.pk if one.row is not None else 0))


def settle(row: Incident, result: Advance, draft: Draft, verdicts: Verdicts) -> list[Step]:
    """Set a row to what an evaluation made of it.

    Args:
        row: The incident, as it is stored; it is changed.
        result: How it stands.
        draft: What keeps it from being told.
        verdicts: What the evaluation says.

    Returns:
        Entries for its history, in their order.
    """
    if result.standing is None:
        return []
    rows.set_standing(row, result.standing)
    finding = verdicts.findings.get(row.key)
    row.last_active = min(row.last_active, verdicts.at) if row.last_active else verdicts.at
    if finding is not None and result.standing.state is not IncidentState.RESOLVED:
        rows.set_sample(row, finding.rule, finding.sample)
        row.last_active = verdicts.at
    steps = list(result.steps)
    if result.standing.state in TOLD:
        steps += _mute_steps(row, draft)
        quiet, cause = draft.muted.quiet, draft.muted.cause
        row.silenced = quiet is not None
        row.silence_id = quiet.id if quiet is not None and not quiet.maintenance else None
        row.maintenance_id = quiet.id if quiet is not None and quiet.maintenance else None
        row.inhibited = cause is not None
        row.inhibited_by_id = draft.cause_id
    return steps


def _firing(
    ahead: Mapping[str, Advance], open_rows: Mapping[str, Incident], verdicts: Verdicts
) -> dict[str, dict[str, str]]:
    """Return what matchers see of those that fire."""
    found = {}
    for key, result in ahead.items():
        if result.standing is None or result.standing.state not in TOLD:
            continue
        row, finding = open_rows.get(key), verdicts.findings.get(key)
        rule = finding.rule if finding is not None else verdicts.rules.get(row.rule_name if row is not None else "")
        labels = dict(finding.sample.labels) if finding is not None else row.labels if row is not None else {}
        if rule is not None:
            found[key] = labels_of(labels, rule.name, rule.severity.value, rule.kind)
    return found


def _differs(row: Incident, result: Advance, draft: Draft, verdicts: Verdicts) -> bool:
    """Whether anything is to be written of an incident."""
    if result.standing is None or result.steps or result.standing != rows.standing_of(row):
        return True
    if result.standing.state in TOLD and (_mute_steps(row, draft) or row.inhibited_by_id != draft.cause_id):
        return True
    if row.last_active - verdicts.at >= REFRESH:  # a clock was put back
        return True
    return row.key in verdicts.findings and not row.spent and verdicts.at - row.last_active >= REFRESH


def _mute_steps(row: Incident, draft: Draft) -> list[Step]:
    quiet, cause = draft.muted.quiet, draft.muted.cause
    steps = []
    if row.silenced != (quiet is not None):
        detail = {} if quiet is None else {"maintenance" if quiet.maintenance else "silence": quiet.id}
        steps.append(Step(TransitionKind.UNSILENCED if quiet is None else TransitionKind.SILENCED, detail))
    if row.inhibited != (cause is not None):
        detail = {} if draft.cause_id is None else {"incident": draft.cause_id}
        steps.append(Step(TransitionKind.UNINHIBITED if cause is None else TransitionKind.INHIBITED, detail))
    return steps
