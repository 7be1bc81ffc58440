"""A fleet of error types whose true rates are known: how often a case clears with each strategy, and by itself.

A case decides by one number of chance under which arms it clears, so that policies that meet the same cases differ by
their choices alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from monitoring.classification.kinds import RECOVERY
from monitoring.recovery.policy import NONE
from monitoring.recovery.policy.choosing import MARGIN
from monitoring.recovery.strategies.registry import STRATEGIES

DOCUMENTED = {name: strategy.success_rate for name, strategy in STRATEGIES.items()}
UNAVAILABLE = 0.1
"""How often a strategy cannot act, so that a case does not offer it."""
UNKNOWN = 0.1
"""How often nobody can say what became of a case, as there was no traffic."""

Rates = Mapping[str, float]
"""True rates by arm."""


@dataclass(frozen=True)
class Incident:
    """One case.

    Attributes:
        candidates: What could be done, in the documented order.
        rates: With which probability it clears under each arm.
        fate: It clears under the arms whose rate is above this.
        known: Whether it is seen what became of it.
    """

    error_type: str
    candidates: Sequence[str]
    rates: Rates
    fate: float
    known: bool

    def clears(self, arm: str) -> bool:
        """Whether it clears under an arm."""
        return self.fate < self.rates[arm]

    def worth(self, arm: str) -> float:
        """Return what an arm is worth: the probability of clearing, less what acting costs."""
        return self.rates[arm] - (0.0 if arm == NONE else MARGIN)

    def best(self) -> float:
        """Return what the best of the possible arms is worth."""
        return max(map(self.worth, [*self.candidates, NONE]))


def as_documented(random: Random, arms: Sequence[str]) -> Rates:
    """Return rates as documented; three of ten cases heal by themselves."""
    del random
    return {arm: DOCUMENTED[arm] for arm in arms} | {NONE: 0.3}


def otherwise(random: Random, arms: Sequence[str]) -> Rates:
    """Return rates of which no document knows: between what heals by itself and nearly always."""
    heals = random.uniform(0.1, 0.5)
    return {arm: random.uniform(heals - 0.1, 0.95) for arm in arms} | {NONE: heals}


def nothing_helps(random: Random, arms: Sequence[str]) -> Rates:
    """Return the same low rate whatever is done."""
    heals = random.uniform(0.05, 0.4)
    return dict.fromkeys(arms, heals) | {NONE: heals}


def heals_itself(random: Random, arms: Sequence[str]) -> Rates:
    """Return a high rate without a remedy, which remedies only lessen."""
    heals = random.uniform(0.8, 0.95)
    return {arm: heals - random.uniform(0.0, 0.15) for arm in arms} | {NONE: heals}


WORLDS = {
    "as documented": (as_documented,),
    "other rates": (otherwise,),
    "nothing helps": (nothing_helps,),
    "heals itself": (heals_itself,),
    "changing": (otherwise, nothing_helps, otherwise),
}
"""What true rates are like, in each equal part of the time."""


def incidents(world: str, seed: int, cases: int, kinds: Sequence[str] = ()) -> Iterator[Incident]:
    """Yield the cases of a world.

    Args:
        world: One of `WORLDS`.
        seed: The same one gives the same cases.
        cases: How many of each error type, on average.
        kinds: Only these error types; all that have documented strategies by default.
    """
    random = Random(f"{world} {seed}")
    parts, kinds = WORLDS[world], sorted(kinds or RECOVERY)
    truths = [{kind: part(random, RECOVERY[kind]) for kind in kinds} for part in parts]
    total = cases * len(kinds)
    for number in range(total):
        kind = random.choice(kinds)
        rates = truths[number * len(parts) // total][kind]
        candidates = [arm for arm in RECOVERY[kind] if random.random() >= UNAVAILABLE]
        yield Incident(kind, candidates, rates, random.random(), random.random() >= UNKNOWN)
