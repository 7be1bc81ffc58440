"""Those who choose for the fleet: the documented order, chance, one who knows the true rates, and our policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random

from benchmarks.recovery.world import DOCUMENTED, Incident
from monitoring.conf import Config
from monitoring.recovery.policy import NONE, Choice, History, Outcome
from monitoring.recovery.policy.choosing import decide
from monitoring.recovery.policy.reading import MOST

Chooser = Callable[[Incident], str]
"""Chooses an arm for a case, and sees what becomes of it."""


def fixed(seed: int) -> Chooser:
    """Choose the first in the documented order, always."""
    del seed
    return lambda incident: incident.candidates[0] if incident.candidates else NONE


def nothing(seed: int) -> Chooser:
    """Do nothing, ever."""
    del seed
    return lambda incident: NONE


def chance(seed: int) -> Chooser:
    """Choose by chance."""
    random = Random(f"chance {seed}")
    return lambda incident: random.choice([*incident.candidates, NONE])


def oracle(seed: int) -> Chooser:
    """Choose by the true rates."""
    del seed
    return lambda incident: max([*incident.candidates, NONE], key=incident.worth)


class Learner:
    """Our policy, with what it has seen.

    Attributes:
        choices: What it chose, and how, in the order of the cases.
    """

    def __init__(self, seed: int, config: Config | None = None) -> None:
        self.choices: list[Choice] = []
        self._config = config or Config()
        self._random = Random(f"policy {seed}")
        self._seen: dict[str, list[Outcome]] = defaultdict(list)

    def __call__(self, incident: Incident) -> str:
        """Choose for a case, and see what becomes of it."""
        seen = self._seen[incident.error_type]
        history = History(seen[-MOST:])
        choice = decide(
            incident.error_type, incident.candidates, history, self._random, self._config, DOCUMENTED
        )  # fmt: skip
        self.choices.append(choice)
        if incident.known:
            seen.append(Outcome(choice.arm, incident.clears(choice.arm)))
        return choice.arm


CHOOSERS: dict[str, Callable[[int], Chooser]] = {
    "policy": Learner,
    "fixed order": fixed,
    "chance": chance,
    "doing nothing": nothing,
    "oracle": oracle,
}
"""All of them, by name."""
