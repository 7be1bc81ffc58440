"""Whether one count is greater than another by more than chance. Pure functions."""

from __future__ import annotations

from math import comb, erfc, sqrt

_EXACT = 1_000
SIGNIFICANT = 0.01
"""From this probability down a difference is none of chance."""


def chance_of_rise(count: int, before: int, share: float = 0.5) -> float:
    """Return how probable so great a count is if nothing has changed.

    Given the sum of two Poisson counts with equal rates, one of them is binomial (Przyborowski and Wilenski, 1940).
    The tail is exact up to a sum of 1,000, then that of the normal distribution with continuity correction.

    Args:
        count: Events of the window.
        before: Events of the window that it is compared with.
        share: Length of the window, as part of the length of both.

    Returns:
        The one-sided probability, from 0 to 1.
    """
    both = count + before
    if not both:
        return 1.0
    if both <= _EXACT:
        tail = sum(comb(both, k) * share**k * (1 - share) ** (both - k) for k in range(count, both + 1))
        return min(1.0, tail)
    deviation = sqrt(both * share * (1 - share))
    return 0.5 * erfc((count - 0.5 - both * share) / deviation / sqrt(2))


def direction(count: int, before: int, share: float = 0.5) -> str:
    """Say where a count is going: `rising`, `falling` or `steady`.

    Args:
        count: Events of the window.
        before: Events of the window before it.
        share: Length of the window, as part of the length of both.
    """
    if chance_of_rise(count, before, share) <= SIGNIFICANT:
        return "rising"
    return "falling" if chance_of_rise(before, count, 1 - share) <= SIGNIFICANT else "steady"
