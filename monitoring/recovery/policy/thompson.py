"""Thompson sampling whose probabilities are known: with which each arm would win, if a rate were drawn for each.

They are computed on a grid instead of drawing rates, and the arm is then drawn by them: so what is logged is exactly
what the choice was made with, and costs the same however much was seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate

from .beliefs import Beta

CELLS = 200
"""Into how many equal parts the rates from 0 to 1 are cut."""
_MIDDLES = [(place + 0.5) / CELLS for place in range(CELLS)]
_LOGS = [(math.log(rate), math.log1p(-rate)) for rate in _MIDDLES]


def propensities(rates: Mapping[str, Beta], handicaps: Mapping[str, float]) -> dict[str, float]:
    """Return for each arm the probability that its rate, less its handicap, is the greatest of all.

    Args:
        rates: The distributions of the rates of arms, by their names.
        handicaps: By how much the rate of an arm must be above that of one without a handicap, between 0 and 1.
    """
    if not rates:
        return {}
    steps = {arm: round(handicaps.get(arm, 0.0) * CELLS) for arm in rates}
    most = max(steps.values())
    masses = {arm: _masses(rate, most - steps[arm], steps[arm]) for arm, rate in rates.items()}
    below = {arm: _below(mass) for arm, mass in masses.items()}
    wins = {arm: _wins(mass, [below[other] for other in below if other != arm]) for arm, mass in masses.items()}
    whole = math.fsum(wins.values())
    return {arm: won / whole for arm, won in wins.items()}


def _masses(rate: Beta, before: int, after: int) -> list[float]:
    """Return how likely each part of the grid is, with empty parts around, so that arms can be compared by place."""
    alpha, beta = rate[0] - 1.0, rate[1] - 1.0
    logs = [alpha * rises + beta * falls for rises, falls in _LOGS]
    highest = max(logs)
    raw = [math.exp(one - highest) for one in logs]
    whole = math.fsum(raw)
    return [0.0] * before + [one / whole for one in raw] + [0.0] * after


def _below(mass: list[float]) -> list[float]:
    """Return how likely it is to be below the middle of each part."""
    return [reached - own / 2 for reached, own in zip(accumulate(mass), mass, strict=True)]


def _wins(mass: list[float], others: list[list[float]]) -> float:
    return math.fsum(own * math.prod(place) for own, *place in zip(mass, *others, strict=True))
