"""Bringing a recovery forward, as far as it goes now: the one way in.

Every step is committed before the next, and each begins with what the rows say: whoever dies leaves a lease that ends,
and somebody goes on from there.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import ActionState, Event, Outcome, State

from . import acting, answers, holding, trail, watching
from . import case as cases
from .desk import Desk, Turn
from .escalating import escalate
from .taking_back import end

logger = logging.getLogger("monitoring.recovery")
_TROUBLE, _LEADER = timedelta(seconds=5), timedelta(seconds=10)


def work(recovery_id: uuid.UUID, desk: Desk) -> bool:
    """Bring a recovery forward.

    Args:
        recovery_id: The recovery's.
        desk: What recoveries are carried out with.

    Returns:
        Whether it was free to be worked on.

    Raises:
        Exception: What somebody has to look at; the recovery is tried again some seconds later.
    """
    row = holding.claim(recovery_id, desk.now(), desk.alias)
    if row is None:
        return False
    desk.step("claimed")
    try:
        if row.attempts > holding.MOST_ATTEMPTS:
            _give_up(row, desk)
        next_at = _forward(row, desk)
        desk.step("release")
        holding.release(row, next_at, desk.alias)
    except holding.LostError:
        logger.info("Recovery %s went on elsewhere", recovery_id)
    except Exception:
        _leave(row, desk)
        raise
    return True


def _forward(row: Recovery, desk: Desk) -> datetime | None:
    """Take one step after the other; return when to look again, or None where it is over."""
    if row.decided_at is not None:
        _take_back_wanted(row, desk)
    while True:
        later = _step(row, desk)
        if later is not None or row.state == State.SETTLED:
            return later


def _step(row: Recovery, desk: Desk) -> datetime | None:
    """Take one step; return when to look again, or None where there is a next step, or nothing more."""
    if row.state == State.REQUESTED:
        return acting.decide(row, desk)
    if row.state == State.JOINED:
        return _follow(row, desk)
    if row.waits and row.message:
        answers.tell(row, desk)
        row.waits = False
    if row.state == State.EXECUTING:
        return acting.go_on(row, desk)
    if row.state == State.PROPOSED:
        return acting.wait(row, desk)
    if row.state == State.SOAKING:
        answers.tell(row, desk)
        return _soak(row, desk)
    return None


def _soak(row: Recovery, desk: Desk) -> datetime | None:
    case = cases.load(row, desk.alias).case
    if row.watched_from is None:
        for action in acting.actions_of(row, desk) if row.treated else ():
            if action.state == ActionState.EXECUTED:
                escalate(action, row, desk)
    later = watching.watch(row, case, desk)
    if later is None:
        watching.settle(Turn(row, case, desk), acting.actions_of(row, desk))
    return later


def _follow(row: Recovery, desk: Desk) -> datetime | None:
    """Tell who joined another recovery what became of that one, as soon as it is known."""
    leader = row.leader
    if leader is not None and not leader.message:
        return desk.now() + _LEADER
    if leader is not None:
        answers.tell(leader, desk)
    holding.save(row, desk.alias, waits=False, settled_at=desk.now())
    row.state = State.SETTLED  # in memory alone: the row says whose answer is its own
    return None


def _take_back_wanted(row: Recovery, desk: Desk) -> None:
    """Take back what somebody wants undone."""
    wanted = RecoveryAction.objects.using(desk.alias).filter(recovery=row, roll_back=True).order_by("ordinal")
    for action in wanted:
        case = cases.load(row, desk.alias).case
        end(action, Turn(row, case, desk), ActionState.ROLLED_BACK, who=action.who)


def _give_up(row: Recovery, desk: Desk) -> None:
    """End a recovery that ended whoever worked on it."""
    now = desk.now()
    says = f"Given up: it ended whoever worked on it {holding.MOST_ATTEMPTS} times."
    logger.error("Recovery %s: %s", row.pk, says)
    for action in acting.actions_of(row, desk):
        if action.state in (ActionState.PERFORMING, ActionState.EXECUTED):
            action.undo = action.undo if action.undo is not None or action.says else {}
            turn = Turn(row, cases.load(row, desk.alias).case, desk)
            end(action, turn, ActionState.FAILED, says=says)
    with transaction.atomic(using=desk.alias, durable=True):
        values = {"state": State.SETTLED, "success": False, "outcome": Outcome.UNKNOWN}
        holding.save(row, desk.alias, message=says, settled_at=now, **values)
        counts = {("recovery", "none", Outcome.UNKNOWN.value): 1}
        trail.write([trail.entry(Event.SETTLED, row, now, says)], desk.alias, counts)
    answers.tell(row, desk)


def _leave(row: Recovery, desk: Desk) -> None:
    """Leave a recovery to somebody later; how often that happened stays with it."""
    held = Recovery.objects.using(desk.alias).filter(pk=row.pk, lease=row.lease)
    held.update(lease=None, leased_until=None, next_at=desk.now() + _TROUBLE)
