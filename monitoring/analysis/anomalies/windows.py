"""What a series was like in the last minutes, as it is judged. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from monitoring.performance.buckets import merge, quantile

SHORT, LONG = 5, 30
"""Minutes of the two windows that are judged: the one is fast, the other sees what is rare."""
LEAST_TIMED = 20
"""Durations from which quantiles are taken."""
_IQR_OF_NORMAL = 1.349


class Timing(NamedTuple):
    """Quantiles of durations, as logarithms of seconds.

    Attributes:
        timed: How many durations there are.
        spread: Their standard deviation, were they normal, by the quartiles.
    """

    timed: int
    log_p50: float
    log_p95: float
    spread: float


class Window(Struct, frozen=True):
    """A series in the last so many minutes."""

    minutes: int
    count: int = 0
    errors: int = 0
    timing: Timing | None = None


class QueueWindow(Struct, frozen=True):
    """A queue in the last minutes: the least of its minutes' longest, and of their oldest messages' ages."""

    minutes: int
    depth: int
    age: float | None


def timing(buckets: Mapping[int, int]) -> Timing | None:
    """Return the quantiles of durations in buckets; None where there are too few, or most took no time at all."""
    timed = sum(buckets.values())
    if timed < LEAST_TIMED:
        return None
    values = [quantile(buckets, part, 0.0, math.inf) for part in (0.25, 0.5, 0.75, 0.95)]
    if values[0] <= 0:
        return None
    first, half, third, most = map(math.log, values)
    return Timing(timed, half, most, (third - first) / _IQR_OF_NORMAL)


def window(minutes: int, rows: Iterable[tuple[int, int, bytes]]) -> Window:
    """Put rows of minutes together: counts, errors and packed buckets."""
    count = errors = 0
    blobs = []
    for more, failed, blob in rows:
        count, errors = count + more, errors + failed
        blobs.append(bytes(blob))
    return Window(minutes, count, errors, timing(merge(blobs)))
