"""What became of cases, with a remedy and without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What became of one case.

    Attributes:
        arm: The strategy that took effect, or `none` where none did.
        cleared: Whether its signal had cleared after the soak.
    """

    arm: str
    cleared: bool


@dataclass(frozen=True)
class History:
    """What became of the cases of one error type.

    Attributes:
        outcomes: The latest of them, the oldest first.
    """

    outcomes: Sequence[Outcome] = ()
