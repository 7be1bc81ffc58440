"""The way to a tracker: one process at a time, and not while it is to be left alone.

A storm of new groups, an outage or a wrong token is trouble of the tracker and not of each bug: it is tried by one bug,
and the others wait.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from monitoring.recording import scrub

from .models import TrackerState
from .trackers.base import LimitedError, RefusedError, Tracker, TrackerError

LEASE = timedelta(seconds=180)
"""Longer than all that is asked of a tracker for one bug can take."""
_FIRST, _MOST = 30.0, 1_800.0
_FIRST_REFUSED, _MOST_REFUSED = 600.0, 21_600.0
_logger = logging.getLogger(__name__)


def delay(failures: int, first: float, most: float) -> timedelta:
    """Return how long to wait after so many failures in a row: twice as long each time, and never all at once."""
    return timedelta(seconds=min(first * 2 ** min(failures - 1, 30), most) * random.uniform(0.75, 1.25))  # noqa: S311


class Gate:
    """The way to one tracker.

    Args:
        tracker: Which one.
        alias: The database.
        now: The clock.
    """

    def __init__(self, tracker: Tracker, alias: str, now: Callable[[], datetime]) -> None:
        self._setup, self._alias, self._now = setup_of(tracker), alias, now
        self._mine: datetime | None = None

    def enter(self) -> bool:
        """Take the way, unless somebody is on it or the tracker is to be left alone; return whether it is taken."""
        rows = TrackerState.objects.using(self._alias)
        rows.bulk_create([TrackerState(setup=self._setup)], ignore_conflicts=True)
        now = self._now()
        free = rows.filter(
            Q(paused_until=None) | Q(paused_until__lte=now),
            Q(lease_until=None) | Q(lease_until__lte=now),
            setup=self._setup,
        )
        mine = now + LEASE
        self._mine = mine if free.update(lease_until=mine) else None
        return self._mine is not None

    def keep(self) -> bool:
        """Stay on the way; return whether it is still taken: who was held up for long has lost it."""
        mine = self._now() + LEASE
        kept = self._taken().update(lease_until=mine)
        self._mine = mine if kept else None
        return self._mine is not None

    def leave(self) -> None:
        """Let others take the way."""
        self._taken().update(lease_until=None)

    def failed(self, error: TrackerError) -> None:
        """Leave the tracker alone for a while."""
        before = self._row().values_list("failures", flat=True).first() or 0
        if isinstance(error, LimitedError):
            # A clock that differs by a second, or many who were told the same, must not be early.
            wait, failures = timedelta(seconds=error.seconds * random.uniform(1.0, 1.1)), before  # noqa: S311
        elif isinstance(error, RefusedError):
            failures = before + 1
            wait = delay(failures, _FIRST_REFUSED, _MOST_REFUSED)
        else:
            failures = before + 1
            wait = delay(failures, _FIRST, _MOST)
        _logger.warning("The issue tracker is left alone for %d s: %s", wait.total_seconds(), str(error))
        self._row().update(failures=failures, paused_until=self._now() + wait, problem=scrub.text(str(error), 500))

    def passed(self) -> None:
        """Forget former failures."""
        self._row().exclude(failures=0, problem="").update(failures=0, paused_until=None, problem="")

    def _row(self) -> QuerySet[TrackerState]:
        return TrackerState.objects.using(self._alias).filter(setup=self._setup)

    def _taken(self) -> QuerySet[TrackerState]:
        return self._row().filter(lease_until=self._mine, lease_until__isnull=False)


def setup_of(tracker: Tracker) -> str:
    """Return under what it is kept how it goes with a tracker."""
    return hashlib.sha256(tracker.setup.encode()).hexdigest()


def trouble(tracker: Tracker | None, alias: str, now: datetime) -> str:
    """Say why a tracker is left alone; an empty text where it is not."""
    if tracker is None:
        return ""
    row = TrackerState.objects.using(alias).filter(setup=setup_of(tracker), paused_until__gt=now).first()
    return row.problem if row is not None else ""


def open_again(alias: str) -> None:
    """Let trackers be tried at once that failed; those that want to be left alone are."""
    TrackerState.objects.using(alias).filter(failures__gt=0).update(paused_until=None)
