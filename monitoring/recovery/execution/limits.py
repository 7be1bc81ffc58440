"""What other actions forbid: one at a time on a target, a pause after it, so many a window; and what did not help."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from monitoring.conf import Config
from monitoring.recovery.models import Recovery, RecoveryAction
from monitoring.recovery.states import STANDING, ActionState, Outcome

TRIED_SECONDS = 3_600
"""For so long nothing is done again about a fault that did not help there."""
RECURRING, RECURRING_SECONDS = 3, 86_400
"""People are told of a target that had so many episodes within so long before this one."""


def held(targets: Iterable[str], now: datetime, config: Config, alias: str) -> dict[str, str]:
    """Return which of some targets are not to be touched, each with the reason.

    Args:
        targets: Names.
        now: The time.
        config: Has for how long a target is left alone.
        alias: The write database.
    """
    rows = RecoveryAction.objects.using(alias).filter(target__in=sorted(set(targets)))
    lately = now - timedelta(seconds=config.recovery_cooldown_seconds)
    rows = rows.filter(Q(state__in=STANDING) | Q(performing_at__gt=lately)).order_by("performing_at")
    found: dict[str, str] = {}
    for row in rows.only("target", "state", "strategy", "performing_at"):
        since = f"since {row.performing_at:%H:%M:%S} UTC" if row.performing_at else ""
        if row.state in STANDING:
            found[row.target] = f"{row.strategy} stands on {row.target} {since}.".replace(" .", ".")
        else:
            left = config.recovery_cooldown_seconds - (now - (row.performing_at or now)).total_seconds()
            found.setdefault(row.target, f"{row.target} was recovered lately, and is left alone for {left:.0f} s more.")
    return found


def standing(targets: Iterable[str], strategies: Iterable[str], now: datetime, alias: str) -> RecoveryAction | None:
    """Return the action that is in effect on one of some targets, or else one that is being performed.

    Args:
        targets: Names.
        strategies: By one of these alone.
        now: The time.
        alias: The write database.
    """
    rows = RecoveryAction.objects.using(alias).filter(target__in=sorted(set(targets)), strategy__in=list(strategies))
    rows = rows.filter(Q(expires=None) | Q(expires__gt=now), roll_back=False)
    rows = rows.filter(state__in=(ActionState.EXECUTED, ActionState.PERFORMING))
    return rows.order_by("state", "-performing_at").first()  # `executed` comes first


def exhausted(now: datetime, config: Config, alias: str) -> bool:
    """Return whether as many actions began within the window as may; exact under the switch's lock.

    Args:
        now: The time.
        config: Has how many, and the window.
        alias: The write database.
    """
    begun = now - timedelta(seconds=config.recovery_window_seconds)
    rows = RecoveryAction.objects.using(alias).filter(performing_at__gt=begun)
    return rows.count() >= config.recovery_most


def unhelpful(service: str, fingerprint: str, now: datetime, alias: str) -> dict[str, str]:
    """Return what took effect on a fault lately and did not help, each with the reason why it is not tried again.

    Args:
        service: Of the fault.
        fingerprint: Of the fault; of none nothing is known.
        now: The time.
        alias: The write database.
    """
    if not fingerprint:
        return {}
    since = now - timedelta(seconds=TRIED_SECONDS)
    rows = Recovery.objects.using(alias).filter(service=service, fingerprint=fingerprint, requested_at__gt=since)
    tried = rows.filter(treated=True, outcome=Outcome.PERSISTED).order_by("requested_at")
    return {
        strategy: f"It took effect at {at:%H:%M} UTC and did not help."
        for strategy, at in tried.values_list("strategy", "executed_at")
        if at is not None
    }


def episodes(target: str, now: datetime, alias: str) -> int:
    """Return on how many recoveries a target was acted within a day.

    Args:
        target: Its name.
        now: The time.
        alias: The write database.
    """
    since = now - timedelta(seconds=RECURRING_SECONDS)
    rows = RecoveryAction.objects.using(alias).filter(target=target, performing_at__gt=since)
    return rows.values("recovery_id").distinct().count()
