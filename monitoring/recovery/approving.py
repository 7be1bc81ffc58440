"""What people decide: a proposal may be carried out, or not; what was done is to be taken back.

Each is a compare-and-set on the version that they saw, and only says so in the rows; whoever works on the recovery next
does it. Callers nudge that work.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction
from django.db.models import F

from monitoring.storage import trail

from .models import Recovery, RecoveryAction, RecoveryEntry
from .states import ActionState, Event


class NotPossibleError(Exception):
    """It cannot be decided so; its text says why, for people."""


class ChangedError(NotPossibleError):
    """The action is not any more what the one who decides saw."""


def approve(action_id: uuid.UUID, who: str, version: int) -> RecoveryAction:
    """Let a proposal be carried out.

    Args:
        action_id: The action's.
        who: Who approves.
        version: Of the action, as they saw it.

    Raises:
        ChangedError: It is of another version by now.
        NotPossibleError: There is no such proposal (any more).
    """
    return _decide(action_id, who, version, Event.APPROVED)


def reject(action_id: uuid.UUID, who: str, version: int, reason: str = "") -> RecoveryAction:
    """Have a proposal not carried out.

    Args:
        action_id: The action's.
        who: Who rejects it.
        version: Of the action, as they saw it.
        reason: Why, in their words.

    Raises:
        ChangedError: It is of another version by now.
        NotPossibleError: There is no such proposal (any more).
    """
    return _decide(action_id, who, version, Event.REJECTED, reason)


def take_back(action_id: uuid.UUID, who: str, version: int) -> RecoveryAction:
    """Have an action that stands taken back.

    Args:
        action_id: The action's.
        who: Who wants it.
        version: Of the action, as they saw it.

    Raises:
        ChangedError: It is of another version by now.
        NotPossibleError: It does not stand, or there is nothing to take back.
    """
    alias = router.db_for_write(RecoveryAction)
    with transaction.atomic(using=alias, durable=True):
        action = _find(action_id, version, alias)
        if action.state not in (ActionState.EXECUTED, ActionState.ROLL_BACK_FAILED) or action.undo is None:
            raise NotPossibleError(f"There is nothing to take back of an action that is {action.state}.")
        _change(action, alias, who=who[:200], roll_back=True)
        Recovery.objects.using(alias).filter(pk=action.recovery_id).update(next_at=datetime.now(UTC))
        _tell("recovery.roll_back", action, who, "", alias)
    return action


def _decide(action_id: uuid.UUID, who: str, version: int, event: Event, reason: str = "") -> RecoveryAction:
    alias, now = router.db_for_write(RecoveryAction), datetime.now(UTC)
    approved = event == Event.APPROVED
    with transaction.atomic(using=alias, durable=True):
        action = _find(action_id, version, alias)
        if action.state != ActionState.PROPOSED:
            raise NotPossibleError(f"It is no proposal: it is {action.state}.")
        values: dict[str, Any] = {"state": ActionState.APPROVED, "approved_at": now}
        if not approved:
            values = {"state": ActionState.REJECTED, "ended_at": now, "says": reason}
        _change(action, alias, who=who[:200], **values)
        # Whoever holds its lease reads the action again before it does anything.
        Recovery.objects.using(alias).filter(pk=action.recovery_id).update(next_at=now, version=F("version") + 1)
        RecoveryEntry.objects.using(alias).create(
            at=now,
            event=event,
            recovery_id=action.recovery_id,
            action_id=action.pk,
            strategy=action.strategy,
            target=action.target,
            who=who[:200],
            says=reason,
        )
        _tell("recovery.approve" if approved else "recovery.reject", action, who, reason, alias)
    return action


def _tell(deed: str, action: RecoveryAction, who: str, reason: str, alias: str) -> None:
    said = {"strategy": action.strategy, "of": action.target, "recovery": action.recovery_id, "reason": reason}
    trail.tell(trail.Deed(deed, "recovery_action", str(action.pk), actor=who, details=said), alias)


def _find(action_id: uuid.UUID, version: int, alias: str) -> RecoveryAction:
    action = RecoveryAction.objects.using(alias).filter(pk=action_id).first()
    if action is None:
        raise NotPossibleError("There is no such action.")
    if action.version != version:
        raise ChangedError(f"It has changed since: it is {action.state} now.")
    return action


def _change(action: RecoveryAction, alias: str, **values: Any) -> None:
    """Change the action that was read, and nothing else.

    Raises:
        ChangedError: Somebody was faster.
    """
    rows = RecoveryAction.objects.using(alias).filter(pk=action.pk, version=action.version)
    if not rows.update(version=action.version + 1, **values):
        raise ChangedError("Somebody else decided about it at the same time.")
    for name, value in {**values, "version": action.version + 1}.items():
        setattr(action, name, value)
