"""What is believed of the arms of one error type: Beta distributions of the rate at which cases clear.

They begin with what is documented, as if it had been seen in a few cases, and forget: a case counts half a hundredth
less for each case of the error type that came after it. Of doing nothing nothing is documented, so that every rate is
equally likely at first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .choice import NONE
from .outcomes import History

DOCUMENTED_WEIGHT = 4.0
"""A documented success rate counts as much as so many cases that were just seen."""
KEPT = 0.995
"""What is left of the weight of a case when one more has come: the weights of all add up to 200 at most."""


Beta = tuple[float, float]
"""The two parameters of a Beta distribution."""


@dataclass(frozen=True)
class Belief:
    """What is believed of one arm.

    Attributes:
        cleared: How many cases that had it cleared; these and the others are whole cases, whenever they were.
        persisted: How many did not.
        alpha: First parameter of the Beta distribution of its rate.
        beta: The second one.
        seen: The same two of what was seen alone, without what is documented: every rate was equally likely before.
    """

    cleared: int
    persisted: int
    alpha: float
    beta: float
    seen: Beta

    @property
    def samples(self) -> int:
        """How often it was seen what became of it."""
        return self.cleared + self.persisted


def beliefs(arms: Sequence[str], history: History, documented: Mapping[str, float]) -> dict[str, Belief]:
    """Return what is believed of each arm.

    Args:
        arms: Names of strategies, and `none`.
        history: What was seen.
        documented: The documented success rates by strategy; for one that is missing every rate is equally likely.
    """
    counts = {arm: [0, 0] for arm in arms}
    weights = {arm: [0.0, 0.0] for arm in arms}
    weight = 1.0
    for outcome in reversed(history.outcomes):
        if outcome.arm in counts:
            place = 0 if outcome.cleared else 1
            counts[outcome.arm][place] += 1
            weights[outcome.arm][place] += weight
        weight *= KEPT
    found = {}
    for arm in arms:
        (alpha, beta), (cleared, persisted) = _prior(arm, documented), weights[arm]
        seen = (1.0 + cleared, 1.0 + persisted)
        yes, no = counts[arm]
        found[arm] = Belief(yes, no, alpha + cleared, beta + persisted, seen)
    return found


def _prior(arm: str, documented: Mapping[str, float]) -> tuple[float, float]:
    rate = documented.get(arm)
    if arm == NONE or rate is None:
        return 1.0, 1.0
    return DOCUMENTED_WEIGHT * rate, DOCUMENTED_WEIGHT * (1.0 - rate)
