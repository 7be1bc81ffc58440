"""Actions as orders to strategies, and changes of an action by whoever holds its recovery."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F

from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.strategies import registry
from monitoring.recovery.strategies.base import Case, Order, Plan, RefusedError, Strategy

from .holding import LostError


def order_of(action: RecoveryAction, case: Case, now: datetime) -> Order:
    """Return an action as its strategy is given it.

    Args:
        action: It.
        case: What it is about.
        now: The time.
    """
    return Order(action.pk, case, Plan(action.target, action.parameters, action.plan, action.seconds), now)


def strategy_of(action: RecoveryAction) -> Strategy:
    """Return the strategy of an action.

    Raises:
        RefusedError: It is not there any more.
    """
    strategy = registry.get(action.strategy)
    if strategy is None:
        raise RefusedError(f"There is no strategy {action.strategy} here.")
    return strategy


def change(action: RecoveryAction, alias: str, *states: str, **values: Any) -> None:
    """Change an action, if it is still in one of some states.

    Args:
        action: It.
        alias: The write database.
        states: The states; that in which it was read unless given.
        values: What it becomes.

    Raises:
        LostError: It is in another state by now.
    """
    rows = RecoveryAction.objects.using(alias).filter(pk=action.pk, state__in=states or (action.state,))
    if not rows.update(version=F("version") + 1, **values):
        raise LostError(f"Action {action.pk} has changed.")
    for name, value in values.items():
        setattr(action, name, value)
