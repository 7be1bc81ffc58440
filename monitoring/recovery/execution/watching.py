"""Watching a signal through the soak, and settling: what did not help is taken back, what helped is the error's end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from monitoring.recovery import verification
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import ActionState, Event, Outcome, State
from monitoring.recovery.strategies.base import Case

from . import holding, log, trail
from .desk import Desk, Turn
from .taking_back import end


def watch(row: Recovery, case: Case, desk: Desk) -> datetime | None:
    """Take the signal of a case whose soak begins, or judge it when the soak is over.

    Args:
        row: The recovery, held.
        case: Its case.
        desk: What recoveries are carried out with.

    Returns:
        When the soak is over; None where it is, and its outcome is in the row, not stored yet.
    """
    now, soak = desk.now(), timedelta(seconds=desk.config.recovery_soak_seconds)
    if row.watched_from is None:
        desk.step("signal")
        signal = verification.signal_of(case, now, desk.alias)
        holding.save(row, desk.alias, signal=signal.as_json(), watched_from=now)
        return now + soak
    until = row.watched_from + soak
    if now < until:
        return until
    desk.step("judge")
    signal = verification.Signal.from_json(row.signal)
    watched = verification.watch(signal, row.watched_from, until, now, desk.alias)
    row.outcome = Outcome(watched.outcome)
    row.choice = {**row.choice, "watched": {"says": watched.says, "facts": dict(watched.facts)}}
    return None


def settle(turn: Turn, actions: list[RecoveryAction]) -> None:
    """End a recovery of which it is known what became of its signal.

    What did not help is taken back, as is what nothing shows to have helped and that would not end by itself.

    Args:
        turn: Whose, the recovery held, with its outcome.
        actions: Its actions.
    """
    row, desk = turn.row, turn.desk
    for action in actions:
        if action.state != ActionState.EXECUTED:
            continue
        if action.undo is None:
            if action.expires is None:
                end(action, turn, ActionState.ENDED)
        elif row.outcome == Outcome.PERSISTED:
            end(action, turn, ActionState.ROLLED_BACK, says="The signal did not clear.")
        elif row.outcome == Outcome.UNKNOWN and action.expires is None:
            end(action, turn, ActionState.ROLLED_BACK, says="Nothing shows that it helped.")
    now = desk.now()
    desk.step("settle")
    with transaction.atomic(using=desk.alias, durable=True):
        holding.save(row, desk.alias, state=State.SETTLED, outcome=row.outcome, choice=row.choice, settled_at=now)
        if row.outcome == Outcome.CLEARED:
            log.note(
                row.error_id,
                desk.alias,
                success=True if row.success else None,
                strategy=row.strategy if row.treated else "",
                resolved=True,
            )
        says = row.choice.get("watched", {}).get("says", "")
        arm = row.strategy if row.treated else "none"
        counts = {("recovery", arm, row.outcome or Outcome.UNKNOWN.value): 1}
        trail.write([trail.entry(Event.SETTLED, row, now, f"{row.outcome}: {says}")], desk.alias, counts)
