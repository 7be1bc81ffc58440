"""Doing what was decided, and seeing whether it took effect.

What changes only rows is done in the very transaction that says so. Of what reaches further the intention is committed
before; whoever finds it after a death looks whether it was done, and does it again only where it was not: by its order
a strategy knows what it has done already.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, transaction

from monitoring.recovery import switch
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry
from monitoring.recovery.states import ActionState, Event, State
from monitoring.recovery.strategies.base import Applied, Case, Order, RefusedError, Seen, Strategy

from . import holding, limits, log, orders, trail
from .deciding import label
from .desk import Desk, Turn
from .taking_back import clear_late, fail

logger = logging.getLogger("monitoring.recovery")
_AGAIN = timedelta(seconds=1)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25


class StoppedError(Exception):
    """It may not be done now; its text says why."""


class ExhaustedError(StoppedError):
    """So many actions began lately that somebody has to agree to the next one."""


def begin(action: RecoveryAction, turn: Turn, values: dict[str, Any], others: list[RecoveryAction]) -> Applied | None:
    """Begin an action, in a transaction; what changes only rows is done with that.

    Args:
        action: It: new, or approved.
        turn: Whose, the recovery held.
        values: What else becomes of the recovery with that.
        others: Actions that were refused before it, to be written with it.

    Returns:
        What was done; None where it is still to be done.

    Raises:
        StoppedError: Recovery is off, the target is taken, or the limit is reached; nothing was changed.
        RefusedError: The strategy cannot; nothing was changed.
        LostError: The recovery is somebody else's.
    """
    row, desk = turn.row, turn.desk
    strategy, now, alias = orders.strategy_of(action), desk.now(), desk.alias
    approved = action.state == ActionState.APPROVED
    applied = None
    with transaction.atomic(using=alias, durable=True):
        _allowed(action, now, desk, approved=approved)
        begun = {"state": ActionState.PERFORMING, "performing_at": now}
        if approved:
            orders.change(action, alias, **begun)
        else:
            for name, value in begun.items():
                setattr(action, name, value)
            RecoveryAction.objects.using(alias).bulk_create([*others, action])
        if strategy.transactional:
            applied = _apply(strategy, action, turn.case, desk)
            _keep(action, applied, alias)
        counts = {} if approved else trail.analysed(row, now)
        holding.save(row, alias, state=State.EXECUTING, **values)
        entries = [trail.entry(Event.REFUSED, row, now, one.says, one) for one in others]
        says = applied.says if applied else action.plan
        entries.append(trail.entry(Event.PERFORMING, row, now, says, action, action.who))
        trail.write(entries, alias, counts)
    return applied


def _allowed(action: RecoveryAction, now: datetime, desk: Desk, *, approved: bool) -> None:
    """Make sure that nothing forbids it, with the switch held: whoever begins an action does so alone.

    Raises:
        StoppedError: Something does.
    """
    if switch.hold(desk.alias).off:
        raise StoppedError("Recovery is switched off.")
    config = replace(desk.config, recovery_cooldown_seconds=0.0) if approved else desk.config
    if reason := limits.held([action.target], now, config, desk.alias).get(action.target):
        raise StoppedError(reason)
    if not approved and limits.exhausted(now, config, desk.alias):
        raise ExhaustedError(
            f"{config.recovery_most} actions began within {config.recovery_window_seconds:g} s: it is only proposed."
        )


def _keep(action: RecoveryAction, applied: Applied, alias: str) -> None:
    """Write down what was done, and how it is taken back."""
    undo = None if applied.undo is None else dict(applied.undo)
    orders.change(action, alias, says=applied.says, undo=undo, facts={"applied": dict(applied.facts)})


def go_on(action: RecoveryAction, turn: Turn, *, fresh: bool, applied: Applied | None = None) -> datetime | None:
    """Bring an action forward that was begun.

    Args:
        action: It.
        turn: Whose, the recovery held.
        fresh: Whether it was begun just now, by this very process.
        applied: What was done, as far as this process knows.

    Returns:
        When to look again; None where it is known what became of it: the recovery's state says so.
    """
    row, case, desk = turn.row, turn.case, turn.desk
    try:
        strategy = orders.strategy_of(action)
        if action.says:
            applied = applied or Applied(action.says, action.undo, action.facts.get("applied", {}))
        else:
            applied = _do(strategy, action, turn, fresh=fresh)
        _project(desk)
        seen = _watch(strategy, action, case, applied, desk)
    except RefusedError as error:
        fail(action, turn, str(error), refused=True)
        return None
    except (holding.LostError, Error):
        raise
    except Exception as error:  # whatever a strategy raises: there may be others
        logger.exception("%s failed at %s", action.strategy, row.error_id)
        fail(action, turn, f"It ended with {type(error).__name__}: {error}")
        return None
    now = desk.now()
    if seen.effect is None:
        if (now - (action.performing_at or now)).total_seconds() < strategy.takes:
            return now + _AGAIN
        seen = Seen(False, f"It did not take effect within {strategy.takes:g} s. {seen.says}", seen.facts)
    if seen.effect:
        _executed(action, row, seen, now, desk)
    else:
        fail(action, turn, seen.says, facts=dict(seen.facts))
    return None


def _do(strategy: Strategy, action: RecoveryAction, turn: Turn, *, fresh: bool) -> Applied | None:
    """Do what reaches further than rows, unless whoever died before has done it.

    Returns:
        What was done; None where it is not known yet whether it was.

    Raises:
        RefusedError: It cannot be done, and was not.
        LostError: The recovery is somebody else's; what was done too late was taken back.
    """
    case, desk = turn.case, turn.desk
    order = orders.order_of(action, case, desk.now())
    if not fresh:
        seen = _see(strategy, order, None, desk)
        if seen.effect is None:
            return None
        if seen.effect:
            applied = _again(strategy, action, case, seen, desk)
            _keep(action, applied, desk.alias)
            return applied
    desk.step("perform")
    holding.renew(turn.row, desk.now(), desk.alias)
    try:
        applied = strategy.apply(order, desk.site)
    except (RefusedError, Error):
        raise
    except Exception:
        action.undo = {}  # as it may have been done, it is taken back as far as its order tells
        raise
    desk.step("keep")
    try:
        _keep(action, applied, desk.alias)
    except holding.LostError:
        clear_late(action, turn, applied.undo)
        raise
    return applied


def _again(strategy: Strategy, action: RecoveryAction, case: Case, seen: Seen, desk: Desk) -> Applied:
    """Return what was done by somebody who died: the same order again does nothing more, and says how it is undone."""
    try:
        return strategy.apply(orders.order_of(action, case, desk.now()), desk.site)
    except RefusedError:
        return Applied(seen.says, undo={}, facts=seen.facts)


def _apply(strategy: Strategy, action: RecoveryAction, case: Case, desk: Desk) -> Applied:
    """Do what changes only rows, inside of the transaction that is undone where it fails."""
    try:
        return strategy.apply(orders.order_of(action, case, desk.now()), desk.site)
    except (RefusedError, Error):
        raise
    except Exception as error:
        logger.exception("%s failed at %s", action.strategy, case.error_id)
        raise RefusedError(f"It ended with {type(error).__name__}: {error}") from error


def _project(desk: Desk) -> None:
    """Have processes know of it at once; should that fail, they know within seconds all the same."""
    desk.step("project")
    try:
        desk.site.project()
    except Exception:  # whatever a provider or Redis raises: it is tried again by beat
        logger.exception("What recovery decided could not be projected")


def _watch(strategy: Strategy, action: RecoveryAction, case: Case, applied: Applied | None, desk: Desk) -> Seen:
    """Look whether it took effect, again and again for a while."""
    order = orders.order_of(action, case, desk.now())
    deadline, pause = time.monotonic() + desk.patience, _FIRST_PAUSE
    while True:
        desk.step("look")
        seen = _see(strategy, order, applied, desk)
        if seen.effect is not None or time.monotonic() >= deadline:
            return seen
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _see(strategy: Strategy, order: Order, applied: Applied | None, desk: Desk) -> Seen:
    try:
        return strategy.seen(order, applied, desk.site)
    except Error:
        raise
    except Exception as error:  # Redis, a broker or a server that does not answer now may do so in a moment
        return Seen(None, f"It could not be looked at: {type(error).__name__}: {error}")


def _executed(action: RecoveryAction, row: Recovery, seen: Seen, now: datetime, desk: Desk) -> None:
    """Write down that an action took effect."""
    alias = desk.alias
    expires = None if action.seconds is None else now + timedelta(seconds=action.seconds)
    facts = {**action.facts, "seen": dict(seen.facts)}
    message = f"Recovery successful: {label(action.strategy)}"
    says = seen.says or action.says
    desk.step("executed")
    with transaction.atomic(using=alias, durable=True):
        orders.change(
            action, alias, state=ActionState.EXECUTED, executed_at=now, expires=expires, facts=facts, says=says
        )
        holding.save(
            row,
            alias,
            state=State.SOAKING,
            treated=True,
            success=True,
            strategy=action.strategy,
            message=message,
            executed_at=now,
            outcome="",
            signal={},
            watched_from=None,
        )
        log.note(row.error_id, alias, success=True, strategy=action.strategy)
        entries: list[RecoveryEntry] = [trail.entry(Event.EXECUTED, row, now, says, action)]
        counts = {("action", action.strategy, "executed"): 1, **trail.waited(row, now, "executed")}
        trail.write(entries, alias, counts)
