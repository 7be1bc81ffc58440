"""What is to be done now: recoveries for somebody to work on, and effects whose time is over."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from monitoring.recovery.models import Recovery
from monitoring.recovery.states import ActionState

from . import case as cases
from .desk import Desk, Turn
from .holding import LostError
from .taking_back import end, overdue

logger = logging.getLogger("monitoring.recovery")
MOST = 200
HANDED_SECONDS = 10
"""A message that nobody took up within so long may be lost: another one is sent."""


@dataclass(frozen=True)
class Due:
    """A recovery to be worked on, and its message's priority: 0 is first."""

    id: uuid.UUID
    priority: int


def take(desk: Desk) -> list[Due]:
    """Return the recoveries that somebody has to work on, the gravest first; for a while they are due no more.

    Args:
        desk: What recoveries are carried out with.
    """
    now, rows = desk.now(), Recovery.objects.using(desk.alias)
    free = rows.filter(Q(lease=None) | Q(leased_until__lte=now), next_at__lte=now)
    found = list(free.order_by("priority", "next_at").values_list("pk", "priority")[:MOST])
    if not found:
        return []
    # Two who look at once may both hand one out; who comes second to work on it finds it held, or done.
    later = now + timedelta(seconds=HANDED_SECONDS)
    rows.filter(pk__in=[pk for pk, _ in found], next_at__lte=now).update(next_at=later)
    return [Due(*one) for one in found]


def end_overdue(desk: Desk) -> int:
    """End actions whose time is over, and let their targets go; return how many.

    Args:
        desk: What recoveries are carried out with.
    """
    ended = 0
    for action in overdue(desk.now(), desk.alias):
        turn = Turn(action.recovery, cases.load(action.recovery, desk.alias).case, desk)
        try:
            ended += end(action, turn, ActionState.ENDED, says="Its time was over.")
        except LostError:  # somebody took it back at the same time
            logger.info("Action %s ended elsewhere", action.pk)
    return ended
