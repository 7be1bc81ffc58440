"""When an anomaly opens and when it is over: neither by the first look, nor by the first calm one. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

from .judging import Verdict
from .kinds import Ending, State

OPENS_AFTER = 2
"""Unusual looks in a row."""
CLOSES_AFTER = 5
"""Calm looks in a row."""
SILENT_AFTER = 60
"""Looks in a row that could not say."""
ACCEPTED_MINUTES = 24 * 60
"""What has lasted so long is what is usual now."""


class Course(NamedTuple):
    """How far an anomaly has come."""

    state: State
    unusual: int = 0
    calm: int = 0
    unknown: int = 0
    ending: str = ""


def begin() -> Course:
    """Return the course of what was unusual for the first time."""
    return Course(State.SUSPECTED, unusual=1)


def step(course: Course, verdict: Verdict, open_minutes: float) -> Course | None:
    """Go on with what was not closed.

    Args:
        course: How far it had come.
        verdict: Of the look.
        open_minutes: Since it was opened; zero while it is suspected.

    Returns:
        How far it is now; None for a suspicion that is dropped.
    """
    counted = _count(course, verdict)
    if course.state is State.SUSPECTED:
        if verdict is not Verdict.UNUSUAL:
            return None
        return counted._replace(state=State.OPEN) if counted.unusual >= OPENS_AFTER else counted
    if counted.calm >= CLOSES_AFTER:
        return counted._replace(state=State.CLOSED, ending=Ending.USUAL.value)
    if counted.unknown >= SILENT_AFTER:
        return counted._replace(state=State.CLOSED, ending=Ending.SILENT.value)
    if open_minutes >= ACCEPTED_MINUTES:
        return counted._replace(state=State.CLOSED, ending=Ending.ACCEPTED.value)
    return counted


def _count(course: Course, verdict: Verdict) -> Course:
    return course._replace(
        unusual=course.unusual + 1 if verdict is Verdict.UNUSUAL else 0,
        calm=course.calm + 1 if verdict is Verdict.CALM else 0,
        unknown=course.unknown + 1 if verdict is Verdict.UNKNOWN else 0,
    )
