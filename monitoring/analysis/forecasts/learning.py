"""How probable an error is in the next window, learned from window to window. Pure functions.

A window has had an error or not. What is forecast for the next is how often windows had one that came after a situation
like the present, drawn towards the base rate while such windows are few: a Beta prior at the base rate. Older windows
count for less, so that what changed is forgotten. A forecast is made before its window is over and scored after it, so
that its score is of what it did not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct, field

WINDOW = 15
"""Minutes of a window."""
BACK = 4
"""Windows that the present situation is made of."""
_PRIOR = 10.0
"""So many windows of the base rate are believed before any of a situation were seen."""
_KEEPS = 0.999
"""What a window counts for when the next is over: half after a week."""
_LEAST_SCORED = 96.0
"""Windows, a day of them, that are scored before a forecast is believed."""
_LEAST_OF_EACH = 5.0
"""Windows with errors, and as many without, that were seen before a forecast is believed."""
_BETTER = 0.98
"""A score that is worth calling better than the base rate's."""
_MORE, _LESS = 1.5, 1 / 1.5


class Recently(StrEnum):
    """Which of the last windows had errors."""

    NONE = "no errors in the last hour"
    EARLIER = "errors in the last hour, none in the last window"
    LAST = "errors in the last window, none in the one before"
    BOTH = "errors in the last two windows"
    ALL = "errors in all of the last four windows"


class Season(StrEnum):
    """Whether this hour of the week has more errors than others."""

    MORE = "more errors than usual at this hour of the week"
    LESS = "fewer errors than usual at this hour of the week"
    SAME = "as many errors as usual at this hour of the week"


class Seen(Struct):
    """Windows, and those of them that had errors; weighted by age."""

    windows: float = 0.0
    errors: float = 0.0


class Memory(Struct):
    """What is known of a series.

    Attributes:
        last: Which of the last windows had errors, the newest last; None for one in which nothing ran.
        all: All windows.
        by_situation: Those that came after each situation.
        scored, squares, base_squares: Forecasts that were scored, and sums of their squares, and of the base rate's.
    """

    last: list[bool | None] = field(default_factory=list)
    all: Seen = field(default_factory=Seen)
    by_situation: dict[str, Seen] = field(default_factory=dict)
    scored: float = 0.0
    squares: float = 0.0
    base_squares: float = 0.0


def recently(last: Sequence[bool | None]) -> Recently:
    """Return what the last windows were like, the newest last."""
    had = [one is True for one in last[-BACK:]]
    if len(had) == BACK and all(had):
        return Recently.ALL
    if not any(had):
        return Recently.NONE
    if not had[-1]:
        return Recently.EARLIER
    return Recently.BOTH if len(had) > 1 and had[-2] else Recently.LAST


def season(here: float | None, everywhere: float | None) -> Season:
    """Compare the errors an hour at this hour of the week with those of all hours; None where too little is known."""
    if here is None or everywhere is None:
        return Season.SAME
    if here > everywhere * _MORE:
        return Season.MORE
    return Season.LESS if here < everywhere * _LESS else Season.SAME


def situation(memory: Memory, at: Season) -> str:
    """Say what it is like now, as forecasts tell it apart."""
    return f"{recently(memory.last)}; {at}"


def base(memory: Memory) -> float:
    """Return how often a window has an error, by Jeffreys' prior."""
    return (memory.all.errors + 0.5) / (memory.all.windows + 1)


def forecast(memory: Memory, now: str) -> float:
    """Return the probability of an error in the next window."""
    seen = memory.by_situation.get(now, Seen())
    return (seen.errors + _PRIOR * base(memory)) / (seen.windows + _PRIOR)


def learn(memory: Memory, now: str, had: bool | None) -> None:
    """Score the forecast of a window that is over, then learn from it. One in which nothing ran teaches nothing.

    Args:
        memory: What is known; changed.
        now: The situation before the window.
        had: Whether it had an error; None when nothing ran.
    """
    if had is not None:
        outcome = float(had)
        memory.scored = memory.scored * _KEEPS + 1
        memory.squares = memory.squares * _KEEPS + (forecast(memory, now) - outcome) ** 2
        memory.base_squares = memory.base_squares * _KEEPS + (base(memory) - outcome) ** 2
        for seen in (memory.all, memory.by_situation.setdefault(now, Seen())):
            seen.windows = seen.windows * _KEEPS + 1
            seen.errors = seen.errors * _KEEPS + outcome
    memory.last = [*memory.last, had][-BACK:]


def is_useful(memory: Memory) -> bool:
    """Whether forecasts are better than always saying the base rate, by enough windows and errors."""
    rarer = min(memory.all.errors, memory.all.windows - memory.all.errors)
    enough = memory.scored >= _LEAST_SCORED and rarer >= _LEAST_OF_EACH
    return enough and memory.squares < _BETTER * memory.base_squares
