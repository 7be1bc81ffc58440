"""Whether what began, began soon after a release: pure functions over times.

What follows a release by little may do so by chance, all the more where there are many releases: how likely that is, is
said with it, so that nobody has to believe it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .timeline import SEEN, Known

SOON = timedelta(hours=2)
"""What begins later than this is not held against a release."""
LOOKED_AT = timedelta(days=30)
"""Of the releases of this time it is said how likely a beginning follows one by chance."""
BEFORE = timedelta(minutes=1)
"""So long before its mark a release may already serve: who deploys marks it when it is done."""
_LEAST = timedelta(minutes=1)
_KNOWN_FOR = timedelta(days=1)
"""Marks of a shorter time say nothing of how often there are releases."""
_MINUTE, _HOUR = 60, 3600
_SAID_FROM = 0.005


@dataclass(frozen=True)
class Began:
    """Something began soon after a release.

    Attributes:
        release: The latest release before it.
        seconds: How long after; below zero where the mark came a moment later.
        chance: How likely any moment of the last 30 days lies as close behind a release; None where marks do not tell,
            because there is none, or none that is older than a day.
        words: All of that, as a sentence goes on after its subject.
    """

    release: Known
    seconds: float
    chance: float | None
    words: str


def began(at: datetime, releases: Iterable[Known]) -> Began | None:
    """Return after which release something began; None where no release was near.

    Args:
        at: When it began.
        releases: Those of the last 30 days before it, in any order.
    """
    before = [one for one in releases if one.at <= at + BEFORE]
    latest = max(before, key=lambda one: (one.at, one.source != SEEN), default=None)
    if latest is None or at - latest.at > SOON:
        return None
    passed = at - latest.at
    if latest.source == SEEN:  # its first error may be this one: that says nothing of how long after
        return Began(latest, passed.total_seconds(), None, _seen(latest, passed))
    chance = _chance(at, passed, [one.at for one in before if one.source != SEEN])
    odds = f"; by chance {chance:.0%} of all moments are as close" if chance and chance >= _SAID_FROM else ""
    return Began(latest, passed.total_seconds(), chance, f"began {_after(passed)} release {latest.release}{odds}")


def _seen(release: Known, passed: timedelta) -> str:
    if passed <= _LEAST:
        return f"began with the first errors of release {release.release}"
    return f"began {_length(passed)} after the first error of release {release.release}"


def _after(passed: timedelta) -> str:
    return "with" if abs(passed) < timedelta(seconds=1) or passed < timedelta() else f"{_length(passed)} after"


def _chance(at: datetime, passed: timedelta, marks: Sequence[datetime]) -> float | None:
    """Return the share of the time looked at that lies no farther behind a release."""
    begins = max(at - LOOKED_AT, min(marks))
    if at - begins < _KNOWN_FOR:
        return None
    whole = (at - begins).total_seconds()
    reach, covered, until = max(passed, _LEAST), 0.0, begins
    for mark in sorted(marks):
        start, end = max(mark, until), min(mark + reach, at)
        if end > start:
            covered += (end - start).total_seconds()
            until = end
    return min(1.0, covered / whole)


def _length(passed: timedelta) -> str:
    seconds = round(passed.total_seconds())
    if seconds < 2 * _MINUTE:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} minutes"
    return f"{seconds // _HOUR} hours"
