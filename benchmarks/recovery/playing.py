"""Let those who choose play the same worlds, and count what they miss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from benchmarks.recovery.policies import CHOOSERS, Chooser
from benchmarks.recovery.world import Incident, incidents
from monitoring.recovery.policy import NONE


@dataclass
class Score:
    """What became of a world under one who chooses.

    Attributes:
        cases: How many there were.
        regret: What was missed in all: the worth of the best arm, less that of the one that was chosen.
        late: What was missed in the last quarter, and `late_cases`, in how many cases.
        cleared: How many cases cleared.
        untreated: In how many nothing was done, and `late_untreated`, in how many of the last quarter.
    """

    cases: int = 0
    regret: float = 0.0
    late: float = 0.0
    late_cases: int = 0
    cleared: int = 0
    untreated: int = 0
    late_untreated: int = 0

    def __add__(self, other: Score) -> Score:
        """Return both together."""
        return Score(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Score)))

    @property
    def regret_per_hundred(self) -> float:
        """How many cases of a hundred were missed."""
        return 100 * self.regret / self.cases

    @property
    def late_regret_per_hundred(self) -> float:
        """How many cases of a hundred were missed in the last quarter."""
        return 100 * self.late / self.late_cases

    @property
    def left_alone(self) -> float:
        """In which part of the last quarter nothing was done."""
        return self.late_untreated / self.late_cases


def play(chooser: Chooser, met: Iterable[Incident]) -> Score:
    """Let somebody choose for all cases of a world.

    Args:
        chooser: Who.
        met: The cases.
    """
    score, cases = Score(), list(met)
    for number, incident in enumerate(cases):
        arm = chooser(incident)
        missed = incident.best() - incident.worth(arm)
        score.cases += 1
        score.regret += missed
        score.cleared += incident.clears(arm)
        score.untreated += arm == NONE
        if number >= len(cases) * 3 // 4:
            score.late += missed
            score.late_cases += 1
            score.late_untreated += arm == NONE
    return score


def tournament(
    world: str,
    seeds: Iterable[int],
    cases: int,
    kinds: Sequence[str] = (),
    choosers: dict[str, Callable[[int], Any]] = CHOOSERS,
) -> dict[str, list[Score]]:
    """Let all play one world, each seed being another fleet; return their scores by seed.

    Args:
        world: Which.
        seeds: Of the fleets.
        cases: How many of each error type, on average.
        kinds: Only these error types.
        choosers: Who plays.
    """
    return {
        name: [play(make(seed), incidents(world, seed, cases, kinds)) for seed in seeds]
        for name, make in choosers.items()
    }
