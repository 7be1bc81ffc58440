"""Medians of paired ratios, with an interval that assumes nothing of how they are distributed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Median:
    """A median, and between which two of the measured values the true one lies with a confidence of 95 %."""

    value: float
    low: float
    high: float


def median(values: Sequence[float]) -> Median:
    """Return the median and its interval by order statistics.

    Args:
        values: Measured independently of each other. Of less than six, the interval is all of them, and says less.
    """
    ordered = sorted(values)
    out = _left_out(len(ordered))
    return Median(statistics.median(ordered), ordered[out], ordered[-1 - out])


def _left_out(count: int) -> int:
    """How many values may be left out at each end: either tail of a fair coin's binomial stays below 2.5 %."""
    out, tail = 0, 1
    while tail / 2**count <= (1 - CONFIDENCE) / 2:
        out += 1
        tail += comb(count, out)
    return max(0, out - 1)
