"""Which of all that was wrong failed first: pure functions over links and clues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .links import By, Cause, Clue

_SAME = {"broker": {"broker", "redis", "rabbitmq"}, "redis": {"redis", "broker"}}
"""Components that may be one and the same server."""
_ALONE = frozenset({"database", "redis", "broker", "storage", "disk"})
"""Components that make others fail without being named by them."""
_SECOND, _MINUTE, _HOUR = 1, 60, 3600


@dataclass(frozen=True)
class Failure:
    """An error of the trace, as far as causes are concerned.

    Attributes:
        at: When it occurred.
        what: Its type.
        where: What it failed in: method and route, or a task.
        dependency: What it came of; empty where nothing points to one.
        culprit: The function in which it was raised.
    """

    at: datetime
    what: str
    where: str
    dependency: str = ""
    culprit: str = ""


def judge(at: datetime, failures: Sequence[Failure], clues: Sequence[Clue]) -> Cause:
    """Return what failed first.

    Args:
        at: When the error occurred that is asked about.
        failures: The errors of its trace, itself among them, in any order.
        clues: What was wrong at the time.
    """
    ordered = sorted(failures, key=lambda one: one.at)
    told = next((one for one in ordered if one.dependency), None)
    if told is not None:
        return _of_dependency(at, told, clues)
    near = [clue for clue in clues if clue.source == "health" and clue.name in _ALONE and clue.at <= at]
    if near:
        first = min(near, key=lambda one: one.at)
        words = f"{first.name} {first.words} {_before(at, first.at)}; nothing of the trace says that it is the cause"
        return Cause("component", first.name, first.at, By.TIME, words)
    first_failure = ordered[0]
    name = first_failure.culprit or first_failure.where or first_failure.what
    words = f"{first_failure.what} in {name} failed first; nothing that it depends on was seen to fail"
    return Cause("code", name, first_failure.at, By.CODE, words)


def _of_dependency(at: datetime, told: Failure, clues: Sequence[Clue]) -> Cause:
    names = {told.dependency} | _SAME.get(told.dependency, set())
    mine = sorted((clue for clue in clues if clue.name in names and clue.at <= told.at), key=lambda one: one.at)
    since = min([told.at, *(clue.at for clue in mine)])
    seen = "; ".join(f"{_SAYS[clue.source]} {clue.words} {_before(at, clue.at)}" for clue in mine)
    raised = f"{told.what} in {told.where}" if told.where else told.what
    words = f"{told.dependency} failed first: {raised} came of it" + (f"; {seen}" if seen else "")
    return Cause("dependency", told.dependency, since, By.TRACE, words)


_SAYS = {"health": "health says it", "circuit": "its circuit", "errors": "other errors of it", "finding": "it"}


def _before(at: datetime, since: datetime) -> str:
    passed = at - since
    if passed < timedelta(seconds=1):
        return "at that moment"
    seconds = round(passed.total_seconds())
    if seconds < 2 * _MINUTE:
        return f"since {seconds} second{'' if seconds == _SECOND else 's'} before"
    if seconds < 2 * _HOUR:
        return f"since {seconds // _MINUTE} minutes before"
    return f"since {seconds // _HOUR} hours before"
