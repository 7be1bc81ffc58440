"""What a person, or *Recovery*, decides about a circuit. Who looked at another version of it decides nothing."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import router, transaction

from monitoring.storage import trail

from .models import Circuit, Hold, State
from .policy import lasting
from .writing import Change, change


def open_it(
    circuit: Circuit,
    who: str,
    now: datetime,
    *,
    reason: str,
    seconds: float | None = None,
    hold: bool = False,
    action_id: uuid.UUID | None = None,
) -> bool:
    """Open a circuit.

    Args:
        circuit: As it was looked at; its version decides.
        who: Who opens it.
        now: The time.
        reason: Why, for people.
        seconds: After which it is tried; as its thresholds say unless given.
        hold: Have it stay open until somebody closes or releases it.
        action_id: The recovery's action.

    Returns:
        Whether it still was as it was looked at.
    """
    milliseconds = int(now.timestamp() * 1000)
    length = lasting(circuit.thresholds, 0) if seconds is None else int(seconds * 1000)
    wanted = Change(
        State.OPEN,
        reason,
        who,
        until=0 if hold else milliseconds + length,
        hold=Hold.OPEN if hold else Hold.NONE,
        action_id=action_id,
    )
    return _changed(circuit, wanted, now, "circuit.open")


def close_it(circuit: Circuit, who: str, now: datetime, *, reason: str, hold: bool = False) -> bool:
    """Close a circuit; counting begins anew. With `hold` it stays closed whatever is counted."""
    wanted = Change(State.CLOSED, reason, who, hold=Hold.CLOSED if hold else Hold.NONE)
    return _changed(circuit, wanted, now, "circuit.close")


def release(circuit: Circuit, who: str, now: datetime, *, reason: str) -> bool:
    """Let what is counted decide again: one that was held open is tried at once."""
    at = int(now.timestamp() * 1000)
    wanted = Change(circuit.state, reason, who, until=at if circuit.state == State.OPEN else 0, trials=circuit.trials)
    return _changed(circuit, wanted, now, "circuit.release")


def _changed(circuit: Circuit, wanted: Change, now: datetime, action: str) -> bool:
    """Change a circuit, and tell who did."""
    alias = router.db_for_write(Circuit)
    said = {"name": circuit.name, "service": circuit.service, "reason": wanted.reason, "hold": str(wanted.hold)}
    with transaction.atomic(using=alias):
        changed = change(circuit, wanted, now, alias)
        if changed:
            details = {**said, "before": str(circuit.state)}
            trail.tell(trail.Deed(action, "circuit", str(circuit.pk), actor=wanted.by, details=details), alias)
    return changed
