"""When an entry is due, exactly as Celery's beat decides it.

No calendar of our own: beat's schedule objects are asked for what follows a moment, one step after the other, so that
daylight-saving changes, leap days and polar nights come out as they do in beat. Pure; nothing here looks at a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.schedules import BaseSchedule, crontab, schedule, solar

_SECOND = timedelta(seconds=1)
# The search for the next sunrise may find the one it starts from; no event comes twice within this time.
_SOLAR_STEP = timedelta(minutes=5)
_SHORTEST = timedelta(milliseconds=1)
_MOST_MINUTES = 180


@dataclass(frozen=True)
class Timetable:
    """When one entry is due.

    Attributes:
        schedule: Celery's object, as beat builds it from the entry.
        start_time: Before this, beat does not run it.
        expires: From this on, beat does not run it.
        one_off: Whether beat runs it only once.
        saved: Of an entry that never ran as far as the database knows, when it was last saved: beat counts from then.
    """

    schedule: BaseSchedule
    start_time: datetime | None = None
    expires: datetime | None = None
    one_off: bool = False
    saved: datetime | None = None

    @property
    def every(self) -> timedelta | None:
        """The interval, where each run is due some time after the last one; None where slots stand on a calendar."""
        asked: Any = self.schedule
        return max(asked.run_every, _SHORTEST) if isinstance(self.schedule, schedule) else None

    def following(self, after: datetime) -> datetime | None:
        """Return the first slot after a moment, in UTC; None when there is none.

        For an interval the moment is that of the last run.
        """
        found = self._following(after)
        if found is None or (self.expires is not None and found >= self.expires):
            return None
        return found.astimezone(UTC)

    def _following(self, after: datetime) -> datetime | None:
        asked, start = self.schedule, self.start_time
        if (every := self.every) is not None:
            return max(after + every, start) if start is not None else after + every
        if hasattr(asked, "clocked_time"):
            moment: datetime = asked.clocked_time
            return moment if moment > after else None
        if start is not None and after < start:
            after = start - _SECOND
        if isinstance(asked, crontab):
            return _of_crontab(asked, after)
        return _of_solar(asked, after) if isinstance(asked, solar) else None


def _of_crontab(asked: crontab, after: datetime) -> datetime | None:
    for minutes in range(_MOST_MINUTES):
        last, delta, _now = asked.remaining_delta(after + timedelta(minutes=minutes))
        found: datetime = (last + delta).astimezone(UTC)
        if found > after:
            return found
        # Within an hour that clocks repeat, Celery takes the next minute for that of the first time, which has passed.
        # Beat then runs the entry over and over until the hour ends; what is to be kept follows after it.
    return None


def _of_solar(asked: solar, after: datetime) -> datetime:
    fixed = solar(asked.event, asked.lat, asked.lon, nowfun=lambda: after)
    start, found = after, after
    while found - after < _SOLAR_STEP:
        found = after + fixed.remaining_estimate(start)
        start += _SOLAR_STEP
    return found


def of(entry: Any) -> Timetable:
    """Return the timetable of a `PeriodicTask`.

    Raises:
        Exception: Whatever beat would stumble over: a crontab that never occurs, a missing library.
    """
    saved = entry.date_changed if entry.last_run_at is None else None
    return Timetable(entry.schedule, entry.start_time, entry.expires, entry.one_off, saved)
