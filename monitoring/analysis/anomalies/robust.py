"""Medians and deviations that a few wild values do not move. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_NORMAL = 1.4826
"""What makes the median deviation of normal values their standard deviation."""


@dataclass(frozen=True)
class Middle:
    """Where values lie, and how far from there they usually are.

    Attributes:
        median: The middle one.
        spread: Their median distance from it, as the standard deviation of normal values.
    """

    median: float
    spread: float


def middle(values: Sequence[float], least_spread: float = 0.0) -> Middle:
    """Return where values lie.

    Args:
        values: At least one.
        least_spread: What the spread is at least.
    """
    centre = median(values)
    deviation = median([abs(value - centre) for value in values])
    return Middle(centre, max(least_spread, _NORMAL * deviation))
