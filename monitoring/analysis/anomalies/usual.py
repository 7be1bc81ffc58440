"""What is usual of a series in an hour, worked out from the hours it is compared with. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from .hours import Chosen, Level
from .robust import Middle, middle

_KEPT = 0.9
"""The part of the hours, those with the fewest errors, from which the usual rate of errors is taken."""
_LEAST_SPREAD_OF_COUNTS = 0.1
_LEAST_SPREAD_OF_DURATIONS = 0.05
_LEAST_SPREAD_OF_QUEUES = 0.25
_MINUTES = 60


class SeriesHour(Struct, frozen=True):
    """A series in an hour. Quantiles are logarithms of seconds; None where too little was timed."""

    count: int = 0
    errors: int = 0
    log_p50: float | None = None
    log_p95: float | None = None


class QueueHours(Struct, frozen=True):
    """A queue in an hour: the longest that it was, and the age of its oldest message in seconds."""

    depth: int = 0
    age: float | None = None


class Usual(Struct, frozen=True):
    """What is usual of a route, an operation or a task.

    Attributes:
        level: With which hours it is compared.
        hours: How many those are.
        per_minute: The usual number of runs a minute.
        count_spread: How far hours are from that, as a part of it.
        error_rate: The part of runs that usually fails at most.
        errors_per_minute: Errors that there usually are at most.
        p50, p95: Logarithm of the usual quantile in seconds, and how far hours are from that.
    """

    level: Level
    hours: int
    per_minute: float
    count_spread: float
    error_rate: float
    errors_per_minute: float
    p50: tuple[float, float] | None
    p95: tuple[float, float] | None
    timed_hours: int


class UsualQueue(Struct, frozen=True):
    """What is usual of a queue: logarithms of one more than the longest, and than the oldest, of its hours."""

    level: Level
    hours: int
    depth: tuple[float, float]
    age: tuple[float, float] | None


def of_series(chosen: Chosen[SeriesHour]) -> Usual:
    """Work out what is usual of a series."""
    hours = chosen.hours
    counts = middle([math.log(one.count + 1) for one in hours], _LEAST_SPREAD_OF_COUNTS)
    timed = [one for one in hours if one.log_p50 is not None and one.log_p95 is not None]
    return Usual(
        level=chosen.level,
        hours=len(hours),
        per_minute=(math.exp(counts.median) - 1) / _MINUTES,
        count_spread=counts.spread,
        error_rate=_usual_rate(hours),
        errors_per_minute=_usual_errors(hours),
        p50=_pair([one.log_p50 for one in timed]),
        p95=_pair([one.log_p95 for one in timed]),
        timed_hours=len(timed),
    )


def of_queue(chosen: Chosen[QueueHours]) -> UsualQueue:
    """Work out what is usual of a queue."""
    ages = [math.log1p(one.age) for one in chosen.hours if one.age is not None]
    return UsualQueue(
        level=chosen.level,
        hours=len(chosen.hours),
        depth=_tuple(middle([math.log1p(one.depth) for one in chosen.hours], _LEAST_SPREAD_OF_QUEUES)),
        age=_tuple(middle(ages, _LEAST_SPREAD_OF_QUEUES)) if ages else None,
    )


def _usual_rate(hours: Sequence[SeriesHour]) -> float:
    """Return the part that fails: of most hours together, or a little above their median where they vary."""
    busy = sorted((one for one in hours if one.count), key=lambda one: one.errors / one.count)
    kept = busy[: max(1, math.ceil(len(busy) * _KEPT))]
    together = (sum(one.errors for one in kept) + 0.5) / (sum(one.count for one in kept) + 1)  # Jeffreys' prior
    if not busy:
        return together
    rates = middle([one.errors / one.count for one in busy])
    return min(1.0, max(together, rates.median + rates.spread))


def _usual_errors(hours: Sequence[SeriesHour]) -> float:
    """Return the errors a minute: of most hours together, or a little above their median where they vary."""
    errors = sorted(one.errors for one in hours)
    kept = errors[: max(1, math.ceil(len(errors) * _KEPT))]
    usual = middle([float(one) for one in errors])
    return max((sum(kept) + 0.5) / len(kept), usual.median + usual.spread) / _MINUTES


def _pair(values: Sequence[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    return _tuple(middle(known, _LEAST_SPREAD_OF_DURATIONS)) if known else None


def _tuple(found: Middle) -> tuple[float, float]:
    return found.median, found.spread
