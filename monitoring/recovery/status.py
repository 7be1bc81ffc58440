"""What became of an error's recovery, in the documented form: the member `recovery` of answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import router

from .models import Recovery, RecoveryAction
from .states import ACTED, ActionState, State

NOTHING: dict[str, Any] = {
    "attempted": False,
    "success": False,
    "message": "No recovery was asked for.",
    "actions": [],
    "outcome": None,
}
"""Of an error that nobody asked for."""
QUEUED = "Recovery is queued."
_SUCCEEDED = (ActionState.EXECUTED, ActionState.ENDED, ActionState.ROLLED_BACK, ActionState.ROLL_BACK_FAILED)


def of(error_id: uuid.UUID | str) -> dict[str, Any]:
    """Return what became of the latest recovery of an error.

    Args:
        error_id: The error's.

    Returns:
        `attempted`, `success` (null as long as that is open), `message`, `actions` (each with its `strategy` and
        `success`), and `outcome`: null, `cleared`, `persisted` or `unknown`.
    """
    alias = router.db_for_write(Recovery)
    rows = Recovery.objects.using(alias).filter(error_id=_uuid(error_id)).select_related("leader")
    found = rows.order_by("-requested_at", "-pk").first()
    if found is None:
        return dict(NOTHING)
    lead = found.leader if found.state == State.JOINED and found.leader is not None else found
    actions = RecoveryAction.objects.using(alias).filter(recovery=lead).order_by("ordinal")
    return member(lead, list(actions))


def member(recovery: Recovery, actions: Sequence[RecoveryAction]) -> dict[str, Any]:
    """Return the documented member for a recovery and its actions, in their order."""
    begun = [one for one in actions if one.state in ACTED]
    return {
        "attempted": True,
        "success": recovery.success,
        "message": recovery.message or QUEUED,
        "actions": [{"strategy": one.strategy, "success": _success(one)} for one in begun],
        "outcome": recovery.outcome or None,
    }


def _success(action: RecoveryAction) -> bool | None:
    """Return whether an action took effect; None while that is not known."""
    if action.state == ActionState.PERFORMING:
        return None
    return action.state in _SUCCEEDED and action.executed_at is not None


def _uuid(value: uuid.UUID | str) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)
