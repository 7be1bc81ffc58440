"""The alert that always fires: while rules are evaluated and messages go out, an address elsewhere is asked.

What is behind that address raises the alarm when it is not asked any more: nothing here could tell that all of this is
dead. So it is only asked by whoever has just completed an evaluation, and not while messages are stuck or nobody can be
told of something critical.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from django.db import router
from django.db.models import Q, QuerySet

from monitoring.conf import Config
from monitoring.outbound import http
from monitoring.outbound.errors import OutboundError
from monitoring.storage.outbox import OutgoingState

from .channels.texts import line
from .deliveries import dispatch, reading
from .deliveries.desk import desk
from .deliveries.models import Delivery
from .incidents.models import Evaluation

logger = logging.getLogger("monitoring.alerts")

STUCK = timedelta(minutes=5)
"""A message that could be sent, and is not for so long, is stuck."""
LAGGING_SECONDS = 30.0
"""An evaluation that should have been completed so long ago is missing."""
_TIMEOUTS = http.Timeouts(total=10.0)
_MAX_PROBLEM = 300


def take_turn(config: Config, now: datetime | None = None) -> bool:
    """Take it upon oneself to ask the address, if it is time.

    Args:
        config: This installation's settings.
        now: The current time, unless it is.

    Returns:
        Whether the caller is to call `bark`, and nobody else is.
    """
    if not config.watchdog_url:
        return False
    at = now or datetime.now(UTC)
    # A bit early, so that evaluations that are never quite on time do not add up to a whole one.
    last = at - timedelta(seconds=config.watchdog_interval - min(config.alert_interval, config.watchdog_interval) / 2)
    due = Q(watchdog_at=None) | Q(watchdog_at__lte=last) | Q(watchdog_at__gt=at)
    return bool(_row().filter(due).update(watchdog_at=at))


def bark(config: Config, now: datetime | None = None) -> bool:
    """Ask the address, unless something is wrong.

    Args:
        config: This installation's settings.
        now: The current time, unless it is.

    Returns:
        Whether it answered that it heard.
    """
    at = now or datetime.now(UTC)
    problem = trouble(config, at) or _ask(config.watchdog_url)
    before = _row().values_list("watchdog_problem", flat=True).first()
    if problem:
        if not before:
            logger.warning("The watchdog is silent: %s", problem)
        _row().update(watchdog_problem=problem)
        return False
    _row().update(watchdog_answered=at, watchdog_problem="")
    return True


def trouble(config: Config, now: datetime) -> str:
    """Say what is wrong with alerting as a whole, in a sentence; empty for nothing."""
    row = _row().first()
    if row is None or row.completed is None:
        return "No evaluation of the alert rules was completed yet."
    lag = lag_of(row.completed, config, now)
    if lag >= LAGGING_SECONDS:
        return f"The alert rules were last evaluated {(now - row.completed).total_seconds():.0f} s ago."
    if _is_stuck(config, now):
        return f"Messages that could be sent have waited for more than {STUCK.total_seconds():.0f} s."
    if count := reading.untold(now):
        return f"Nobody could be told of {count} critical incident{'' if count == 1 else 's'}."
    return ""


def lag_of(completed: datetime, config: Config, now: datetime) -> float:
    """Return how many seconds ago the next evaluation after a completed one should have been completed as well."""
    return max(0.0, (now - completed).total_seconds() - config.alert_interval)


def _row() -> QuerySet[Evaluation]:
    return Evaluation.objects.using(router.db_for_write(Evaluation)).filter(pk=1)


def _is_stuck(config: Config, now: datetime) -> bool:
    """Whether messages wait though the way to their destination is free."""
    ways = [row.key for row in dispatch.due(desk(config))]
    if not ways:
        return False
    rows = Delivery.objects.using(router.db_for_write(Delivery)).filter(destination__in=ways)
    return rows.filter(state=OutgoingState.PENDING, next_at__lt=now - STUCK).exists()


def _ask(url: str) -> str:
    """Ask an address; return what went wrong, without the address, which may be a secret; empty for nothing."""
    try:
        answer = http.get(url, allow_private=True, timeout=_TIMEOUTS)
    except OutboundError as error:
        return line(str(error), _MAX_PROBLEM)
    return "" if answer.ok else f"Its address answered {answer.status}."
