"""When no beat lived, and what that excuses: an interval's next run counts from the last one that beat remembers.

A beat that starts reads from the database when each entry ran last. That is up to three minutes old after a crash, and
not known at all of an entry that ran for the first time since, or never: then beat counts from its own start, or from
when the entry was last saved. So the first run after a start comes at once, or a whole interval after the start, or in
between. Pure functions over values.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .beats import Beat

_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Absence:
    """A time without any beat, or the moment in which one took over from the other.

    Attributes:
        start: When the last beat was last seen.
        end: When the next one started; None while it lasts.
        planned: Whether the last one had said goodbye, or nothing is known of it.
    """

    start: datetime
    end: datetime | None
    planned: bool

    @property
    def until(self) -> datetime:
        """When it ended, if ever."""
        return self.end or _NEVER


def of(beats: Sequence[Beat], now: datetime) -> list[Absence]:
    """Return the times without any beat, in the order of their ends.

    Args:
        beats: Those of the last day.
        now: When their ages were read.
    """
    found: list[Absence] = []
    last: Beat | None = None
    for beat in sorted(beats, key=lambda one: -one.born):
        end = now - timedelta(seconds=beat.born)
        start = _EVER if last is None else min(end, _until(last, now))
        found.append(Absence(start, end, last is None or last.left))
        if last is None or _until(beat, now) >= _until(last, now):
            last = beat
    if last is not None and not last.alive:
        found.append(Absence(_until(last, now), None, last.left))
    return found


def _until(beat: Beat, now: datetime) -> datetime:
    return now if beat.alive else now - timedelta(seconds=beat.seen)


def waited(
    absences: Sequence[Absence], last: datetime, slot: datetime, every: timedelta, until: datetime
) -> tuple[timedelta, datetime]:
    """Say how long a run of an interval has been overdue, and when it was due.

    A stop that was planned excuses what was due meanwhile; a beat that died does not.

    Args:
        absences: When no beat lived, in the order of their ends.
        last: When it ran before.
        slot: When it is due if nothing happens to beat.
        every: The interval.
        until: When it ran, or up to when it has not.
    """
    longest, due = timedelta(0), slot
    for one in absences[bisect_right(absences, last, key=lambda one: one.until) :]:
        if one.start >= until:
            break
        if one.end is None or one.end > until:
            over = min(until, one.start) if one.planned else until
            return max(longest, over - due), due
        longest = max(longest, (one.start if one.planned else one.end) - due)
        due = max(due, one.end + every)
    return max(longest, until - due), due
