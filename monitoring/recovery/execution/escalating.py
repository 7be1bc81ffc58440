"""Telling people of a target that has to be recovered again and again: what hides a fault does not mend it."""

from __future__ import annotations

from django.db import router, transaction

from monitoring.jobs import findings
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import Event

from . import limits, trail
from .desk import Desk

RECURRING = "recovery_recurring"


def escalate(action: RecoveryAction, row: Recovery, desk: Desk) -> bool:
    """Note a finding where the target of an action had enough episodes before it within a day: once a day.

    Args:
        action: It took effect.
        row: Its recovery.
        desk: What recoveries are carried out with.

    Returns:
        Whether people are told.
    """
    now = desk.now()
    before = limits.episodes(action.target, now, desk.alias) - 1
    if before < limits.RECURRING:
        return False
    says = f"{action.target} was recovered {before + 1} times within a day, last by {action.strategy}."
    detail = {
        "target": action.target,
        "strategy": action.strategy,
        "times": before + 1,
        "error_type": row.error_type,
        "service": row.service,
        "recovery": str(row.pk),
    }
    with transaction.atomic(using=router.db_for_write(findings.Finding)):
        new = findings.note(RECURRING, f"{action.target} {now:%Y-%m-%d}", detail, now)
        if new:
            trail.write([trail.entry(Event.ESCALATED, row, now, says, action)], desk.alias)
    return new
