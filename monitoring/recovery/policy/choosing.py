"""The choice itself: a pure function of a case, what can be done about it, and what was seen before.

1. The documented order decides, and nothing is left to chance, until its first strategy was seen often enough.
2. From then on, now and then, nothing is done instead, until that was seen often enough too.
3. Then the learner decides: Thompson sampling among doing nothing and those strategies that were seen to clear more
   than it does, by a margin. Now and then a strategy of which too little is known is tried, and more rarely one that
   was seen not to help, as the world changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from monitoring.conf import Config
from monitoring.recovery.strategies import registry
from monitoring.recovery.strategies.base import Case

from . import wording
from .beliefs import Belief, beliefs
from .choice import DOCUMENTED, EXPLORED, LEARNED, NONE, Arm, Choice
from .outcomes import History
from .thompson import propensities

MARGIN = 0.05
"""Of a hundred cases a strategy must clear so many more than doing nothing, in parts of 1: acting is not free."""
HELPS = 0.7
"""With this probability at least a strategy must be worth more than doing nothing, for the learner to choose it."""
AGAIN = 0.3
"""What was seen not to help is tried again in such a part of the cases in which the unknown would be tried."""


def choose(case: Case, candidates: Sequence[str], history: History, random: Random, config: Config) -> Choice:
    """Choose what to do about a case.

    Args:
        case: It.
        candidates: Names of the strategies that may act and can, in the documented order.
        history: What became of cases of this error type.
        random: Source of chance, such as `random.SystemRandom()`.
        config: Has how many samples it takes, and how often something else is tried.
    """
    return decide(case.error_type, candidates, history, random, config, rates(candidates))


def rates(names: Sequence[str]) -> dict[str, float]:
    """Return the documented success rates of strategies."""
    found = {name: registry.get(name) for name in names}
    return {name: strategy.success_rate for name, strategy in found.items() if strategy is not None}


def decide(
    error_type: str,
    candidates: Sequence[str],
    history: History,
    random: Random,
    config: Config,
    documented: Mapping[str, float],
) -> Choice:
    """Choose as `choose` does, with success rates that are given.

    Args:
        error_type: Of the case, for the words.
        candidates: Names of the strategies that may act and can, in the documented order.
        history: What became of cases of this error type.
        random: Source of chance.
        config: Has how many samples it takes, and how often something else is tried.
        documented: Success rates by strategy.
    """
    if not candidates:
        return Choice(NONE, 1.0, {}, "Nothing that may act here can.", DOCUMENTED)
    believed = beliefs([*candidates, NONE], history, documented)
    known = {arm for arm, belief in believed.items() if belief.samples >= config.recovery_samples}
    proposed = _proposed({arm: belief for arm, belief in believed.items() if arm in known})
    first = candidates[0]
    learned = config.recovery_policy == "learned" and {first, NONE} <= known
    settled = proposed if learned else {first: 1.0}
    tried = _tried([arm for arm in believed if arm not in settled], known, config) if first in known else {}
    chances = {arm: settled.get(arm, 0.0) * (1.0 - sum(tried.values())) + tried.get(arm, 0.0) for arm in believed}
    arm = _draw(chances, random)
    by = EXPLORED if arm in tried else LEARNED if learned else DOCUMENTED
    arms = {name: _arm(believed[name], name in known, proposed.get(name, 0.0), chances[name]) for name in believed}
    words = wording.explain(error_type, arm, by, arms, config)
    return Choice(arm, chances[arm], arms, words, by)


def _proposed(known: Mapping[str, Belief]) -> dict[str, float]:
    """Return with which probability the learner would choose each of what is known, doing nothing among it.

    Only strategies take part that were seen to help. Where all are alike, the draws of many strategies would be held
    against the one of doing nothing.
    """
    if NONE not in known:
        return {}
    handicaps = {arm: MARGIN for arm in known if arm != NONE}
    helping = [arm for arm in handicaps if _helps(known[arm], known[NONE]) >= HELPS]
    taking_part = {arm: belief for arm, belief in known.items() if arm == NONE or arm in helping}
    return propensities({arm: (belief.alpha, belief.beta) for arm, belief in taking_part.items()}, handicaps)


def _helps(strategy: Belief, nothing: Belief) -> float:
    """Return the probability that a strategy is worth more than doing nothing, by what was seen alone."""
    return propensities({"": strategy.seen, NONE: nothing.seen}, {"": MARGIN})[""]


def _tried(others: Sequence[str], known: Collection[str], config: Config) -> dict[str, float]:
    """Return with which probability each of the other arms is tried.

    Doing nothing comes first: without it nothing can be said of any strategy. Then comes what is not known; and what
    was seen not to help is tried again more rarely, as the world changes.
    """
    if config.recovery_policy != "learned" or config.recovery_exploration <= 0 or not others:
        return {}
    unknown = [NONE] if NONE in others else [arm for arm in others if arm not in known]
    if unknown:
        return dict.fromkeys(unknown, config.recovery_exploration / len(unknown))
    return dict.fromkeys(others, config.recovery_exploration * AGAIN / len(others))


def _draw(chances: Mapping[str, float], random: Random) -> str:
    """Draw an arm; where only one is possible nothing is drawn."""
    possible = [arm for arm, chance in chances.items() if chance > 0.0]
    if len(possible) == 1:
        return possible[0]
    return random.choices(possible, [chances[arm] for arm in possible])[0]


def _arm(belief: Belief, known: bool, proposed: float, propensity: float) -> Arm:
    return Arm(belief.cleared, belief.persisted, belief.alpha, belief.beta, known, proposed, propensity)
