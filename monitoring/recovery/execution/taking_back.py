"""Taking actions back: what did not take effect, what did not help, what is over, and what somebody wants undone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import Error, transaction

from monitoring.jobs import findings
from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.states import STANDING, ActionState, Event, State

from . import holding, orders, trail
from .desk import Desk, Turn

logger = logging.getLogger("monitoring.recovery")
NOT_TAKEN_BACK = "recovery_not_taken_back"
_EVENTS = {
    ActionState.ROLLED_BACK: Event.ROLLED_BACK,
    ActionState.ENDED: Event.ENDED,
    ActionState.FAILED: Event.FAILED,
    ActionState.REFUSED: Event.REFUSED,
}


def fail(
    action: RecoveryAction, turn: Turn, says: str, *, refused: bool = False, facts: dict[str, Any] | None = None
) -> None:
    """Take back what did not take effect, and have something else be decided.

    Args:
        action: It; it is being performed.
        turn: Whose, the recovery held.
        says: What became of it.
        refused: Whether the strategy refused, so that there is nothing to take back.
        facts: What was seen.
    """
    try:
        holding.renew(turn.row, turn.desk.now(), turn.desk.alias)
    except holding.LostError:
        clear_late(action, turn, None if refused else action.undo)
        raise
    if facts:
        action.facts = {**action.facts, "seen": facts}
    state = ActionState.REFUSED if refused else ActionState.FAILED
    end(action, turn, state, says=says, then={"state": State.REQUESTED})


def clear_late(action: RecoveryAction, turn: Turn, undo: Mapping[str, Any] | None) -> None:
    """Undo what was done by somebody who was held up until the action stood no longer: nobody else would ever.

    Args:
        action: It.
        turn: Whose, the recovery held by somebody else, or by nobody.
        undo: What the way back needs to know; None where there is nothing to take back.
    """
    desk, strategy = turn.desk, orders.strategy_of(action)
    state = RecoveryAction.objects.using(desk.alias).filter(pk=action.pk).values_list("state", flat=True).first()
    if undo is None or strategy.transactional or state in STANDING:
        return
    now, event = desk.now(), Event.ROLLED_BACK
    try:
        says = strategy.undo(orders.order_of(action, turn.case, now), undo, desk.site)
    except Exception as error:  # whatever a strategy raises: people have to know
        logger.exception("%s on %s, done late, could not be taken back", action.strategy, action.target)
        event, says = Event.ROLL_BACK_FAILED, f"It could not be taken back: {error}"
    says = f"It was done late, when the action was over. {says}"
    with transaction.atomic(using=desk.alias, durable=True):
        trail.write([trail.entry(event, turn.row, now, says, action)], desk.alias)
        if event == Event.ROLL_BACK_FAILED:
            _tell(action, turn, says, now)
    _project(desk)


def end(
    action: RecoveryAction,
    turn: Turn,
    state: ActionState,
    *,
    says: str = "",
    who: str = "",
    then: dict[str, Any] | None = None,
) -> bool:
    """Take an action back, as far as there is something to take back, and let its target go.

    What changes only rows is taken back in the transaction that says so. All else is taken back before that is said:
    whoever comes after a death takes it back again, which changes nothing.

    Args:
        action: It stands.
        turn: Whose.
        state: What it becomes.
        says: Why.
        who: Who wants it; empty for Enginel itself.
        then: What becomes of the recovery with that; it is held.

    Returns:
        Whether it is taken back; where it is not, the action says so, holds its target, and people are told.
    """
    desk, told, undo = turn.desk, dict(then or {}), None if state == ActionState.REFUSED else action.undo
    desk.step("undo")
    try:
        strategy, order, said = orders.strategy_of(action), orders.order_of(action, turn.case, desk.now()), ""
        if undo is not None and not strategy.transactional:
            said = strategy.undo(order, undo, desk.site)
            desk.step("undone")
        with transaction.atomic(using=desk.alias, durable=True):
            if undo is not None and strategy.transactional:
                said = strategy.undo(order, undo, desk.site)
            _write(action, turn, {"state": state, "who": who or action.who}, f"{says} {said}".strip(), told)
    except (holding.LostError, Error):
        raise
    except Exception as error:  # whatever a strategy raises: people have to know
        logger.exception("%s on %s could not be taken back", action.strategy, action.target)
        _not_taken_back(action, turn, f"{says} It could not be taken back: {error}".strip(), told)
        return False
    if undo is not None:
        _project(desk)
    return True


def _write(action: RecoveryAction, turn: Turn, values: dict[str, Any], says: str, then: dict[str, Any]) -> None:
    """Write down that an action stands no longer, inside of the caller's transaction."""
    row, desk, now = turn.row, turn.desk, turn.desk.now()
    state: ActionState = values["state"]
    orders.change(
        action,
        desk.alias,
        action.state,
        ended_at=now,
        roll_back=False,
        says=says or action.says,
        facts=action.facts,
        **values,
    )
    if then:
        holding.save(row, desk.alias, **then)
    counts = {("action", action.strategy, state.value): 1}
    trail.write([trail.entry(_EVENTS[state], row, now, says, action, values["who"])], desk.alias, counts)


def _not_taken_back(action: RecoveryAction, turn: Turn, says: str, then: dict[str, Any]) -> None:
    """Say that an action could not be taken back, and tell people, who have to look."""
    row, desk, now, state = turn.row, turn.desk, turn.desk.now(), ActionState.ROLL_BACK_FAILED
    with transaction.atomic(using=desk.alias, durable=True):
        orders.change(action, desk.alias, state=state, says=says, roll_back=False, facts=action.facts)
        if then:
            holding.save(row, desk.alias, **then)
        counts = {("action", action.strategy, state.value): 1}
        trail.write([trail.entry(Event.ROLL_BACK_FAILED, row, now, says, action)], desk.alias, counts)
        _tell(action, turn, says, now)


def _tell(action: RecoveryAction, turn: Turn, says: str, now: datetime) -> None:
    detail = {"target": action.target, "strategy": action.strategy, "recovery": str(turn.row.pk), "says": says}
    findings.note(NOT_TAKEN_BACK, f"{action.target} {action.pk}", detail, now)


def _project(desk: Desk) -> None:
    try:
        desk.site.project()
    except Exception:  # it is tried again by beat
        logger.exception("What recovery took back could not be projected")


def overdue(now: datetime, alias: str) -> list[RecoveryAction]:
    """Return actions whose time is over, the oldest first.

    Args:
        now: The time.
        alias: The write database.
    """
    rows = RecoveryAction.objects.using(alias).filter(state=ActionState.EXECUTED, expires__lte=now)
    return list(rows.select_related("recovery").order_by("expires")[:50])
