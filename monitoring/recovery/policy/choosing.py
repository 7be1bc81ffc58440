"""The choice itself: a pure function of a case, what can be done about it, and what was seen before."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from monitoring.conf import Config
from monitoring.recovery.strategies.base import Case

from .choice import DOCUMENTED, NONE, Choice
from .outcomes import History


def choose(case: Case, candidates: Sequence[str], history: History, random: Random, config: Config) -> Choice:
    """Choose what to do about a case.

    Args:
        case: It.
        candidates: Names of the strategies that may act and can, in the documented order.
        history: What became of cases of this error type.
        random: Source of chance, such as `random.SystemRandom()`.
        config: Has how many samples it takes, and how often something else is tried.
    """
    arm = candidates[0] if candidates else NONE
    return Choice(arm, 1.0, {}, "The documented order.", DOCUMENTED)
