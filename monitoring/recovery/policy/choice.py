"""What was chosen, among what, with which probability, and why: as it is kept with a recovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

NONE = "none"
"""The arm of doing nothing."""
DOCUMENTED, EXPLORED, LEARNED = "documented", "explored", "learned"


@dataclass(frozen=True)
class Arm:
    """What is believed of a strategy, or of doing nothing, for one error type.

    Attributes:
        cleared: After how many cases that had it the signal cleared, and `persisted`, after how many it did not.
        alpha: First parameter of the Beta distribution of its rate, `beta` the second: what is documented, and what
            was seen, the older the less.
        known: Whether it was seen often enough to be chosen by what was seen.
        proposed: With which probability the learner would choose it, if it were to decide; 0 while it is not known.
        propensity: With which probability it was chosen.
    """

    cleared: int
    persisted: int
    alpha: float
    beta: float
    known: bool
    proposed: float
    propensity: float

    @property
    def samples(self) -> int:
        """How often it was seen what became of it."""
        return self.cleared + self.persisted

    @property
    def rate(self) -> float:
        """The rate that is expected of it, between 0 and 1."""
        return self.alpha / (self.alpha + self.beta)


@dataclass(frozen=True)
class Choice:
    """A choice.

    Attributes:
        arm: Name of the strategy, or `none`.
        propensity: With which probability it was chosen; 1 where nothing was left to chance.
        arms: What was believed, by strategy and for `none`, in the documented order.
        words: Why, for people.
        by: `documented`: the documented order; `explored`: by chance, so that there is something to compare with;
            `learned`: by what was seen.
    """

    arm: str
    propensity: float
    arms: Mapping[str, Arm]
    words: str
    by: str

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON, with probabilities of six digits."""
        arms = {name: {key: _short(value) for key, value in asdict(arm).items()} for name, arm in self.arms.items()}
        propensity = _short(self.propensity)
        return {"arm": self.arm, "propensity": propensity, "by": self.by, "words": self.words, "arms": arms}


def _short(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
