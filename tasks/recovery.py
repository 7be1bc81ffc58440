"""When recoveries are carried out: at once when a drain brings one, by severity; beat finds what was left."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from celery import shared_task
from celery.app import app_or_default
from kombu.exceptions import OperationalError

from monitoring.conf import get_config

from . import nudging

if TYPE_CHECKING:
    from monitoring.recovery.execution.desk import Desk

# A run ends before the lease that it takes does, so that nobody works beside it.
_SOFT, _HARD = 24, 28
_ADVANCING_SECONDS = 5
_EXPIRES = 10


@shared_task(
    name="tasks.recovery.advance",
    ignore_result=True,
    acks_late=False,
    expires=_EXPIRES,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def advance() -> None:
    """Have the recoveries worked on that are due, and end effects whose time is over."""
    from monitoring.recovery.execution import due

    with nudging.alone(advance, _ADVANCING_SECONDS) as mine:
        if mine:
            used = desk()
            with contextlib.suppress(OperationalError):  # what was not sent is due again in some seconds
                hand_out(used)
            due.end_overdue(used)


@shared_task(
    name="tasks.recovery.recover",
    ignore_result=True,
    acks_late=False,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def recover(recovery_id: str) -> None:
    """Bring a recovery forward as far as it goes now. A message that is lost costs seconds, and one too many nothing.

    Args:
        recovery_id: The recovery's.
    """
    from monitoring.recovery.execution.work import work

    work(uuid.UUID(recovery_id), desk())


def hand_out(used: Desk) -> int:
    """Send a message for each recovery that is due, the gravest first; return how many there were.

    Drains do so themselves: a remedy that takes effect at once has no time for another task between.

    Args:
        used: What recoveries are carried out with.

    Raises:
        OperationalError: The broker is away.
    """
    from monitoring.recovery.execution import due

    found = due.take(used)
    for one in found:
        # What nobody took up by then is handed out anew; two messages for one would only be in the way of others.
        recover.apply_async((str(one.id),), priority=one.priority, expires=due.HANDED_SECONDS)
    return len(found)


def desk() -> Desk:
    """Return what recoveries are carried out with in this installation."""
    from monitoring import decisions
    from monitoring.recovery.execution.desk import Desk, site_of

    config = get_config()
    return Desk(site_of(config, app_or_default(), lambda: decisions.project(config)))
