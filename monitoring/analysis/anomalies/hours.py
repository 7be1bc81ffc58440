"""With which hours an hour is compared: the same of the week, else the same of the day, else the last ones.

Pure functions. Nothing is ever learned step by step: what is usual is worked out from the hours that are kept, and
learning is frozen by leaving out those in which something was wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY
_WEEKS, _DAYS, _RECENT = 4, 7, 24
_BESIDE = (-HOUR, 0, HOUR)
_LEAST_WEEKS, _LEAST_DAYS = 2, 3
_LEAST_SEASONAL, _LEAST_RECENT = 6, 4

Hour = TypeVar("Hour")


class Level(StrEnum):
    """What kind of hours there are enough of."""

    WEEK = "week"
    DAY = "day"
    RECENT = "recent"


@dataclass(frozen=True)
class Chosen(Generic[Hour]):
    """The hours to compare with, the newest last."""

    level: Level
    hours: Sequence[Hour]


def candidates(hour: int) -> list[int]:
    """Return the beginnings of all hours that may be compared with one, in epoch minutes."""
    return sorted({*_weekly(hour), *_daily(hour), *_recently(hour)})


def choose(
    hour: int,
    known: Mapping[int, Hour],
    alive: Collection[int],
    frozen: Callable[[int], bool],
    none: Callable[[int], Hour],
    since: int = 0,
) -> Chosen[Hour] | None:
    """Choose the hours of a series to compare one with.

    Args:
        hour: Its beginning, in epoch minutes.
        known: The hours of the series in which something happened, by their beginnings.
        alive: Beginnings of the hours in which anything at all was recorded.
        frozen: Whether something was wrong in the hour that begins then.
        none: Makes an hour in which nothing happened.
        since: Hours that begin before are of another time.

    Returns:
        The hours; None while there are too few.
    """
    if not known:
        return None
    first = max(min(known), since)

    def among(starts: Iterable[int]) -> dict[int, Hour]:
        usable = [one for one in sorted(starts) if first <= one < hour and one in alive and not frozen(one)]
        return {one: known[one] if one in known else none(one) for one in usable}

    weekly = among(_weekly(hour))
    weeks = {(hour - one + WEEK // 2) // WEEK for one in weekly}
    if len(weekly) >= _LEAST_SEASONAL and len(weeks) >= _LEAST_WEEKS:
        return Chosen(Level.WEEK, list(weekly.values()))
    daily = among(_daily(hour))
    days = {(hour - one + DAY // 2) // DAY for one in daily}
    if len(daily) >= _LEAST_SEASONAL and len(days) >= _LEAST_DAYS:
        return Chosen(Level.DAY, list(daily.values()))
    recent = among(_recently(hour))
    return Chosen(Level.RECENT, list(recent.values())) if len(recent) >= _LEAST_RECENT else None


def _weekly(hour: int) -> list[int]:
    return [hour - week * WEEK + beside for week in range(1, _WEEKS + 1) for beside in _BESIDE]


def _daily(hour: int) -> list[int]:
    return [hour - day * DAY + beside for day in range(1, _DAYS + 1) for beside in _BESIDE]


def _recently(hour: int) -> list[int]:
    return [hour - back * HOUR for back in range(1, _RECENT + 1)]
