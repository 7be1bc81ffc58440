"""When a component's status follows what its check found. A pure function over the last results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.component import Status

_STATUSES = tuple(Status)


@dataclass(frozen=True)
class Judgement:
    """A status, and the results that it stands on.

    Attributes:
        status: What is reported.
        recent: Badness of the last results, the newest last; no more of them than are needed.
    """

    status: Status
    recent: tuple[int, ...] = ()


def judge(before: Judgement | None, found: Status, fall: int, rise: int) -> Judgement:
    """Take one more result into account.

    A status gets worse when the last `fall` results were all worse than it, and becomes the best of these. It gets
    better when the last `rise` results were all better, and becomes the worst of these. The very first result counts
    at once: there is nothing to hold on to.

    Args:
        before: What was known; None for the first result.
        found: What the check found.
        fall: Results in a row that it takes to get worse.
        rise: Results in a row that it takes to get better.
    """
    recent = ((*before.recent, found.badness) if before else (found.badness,))[-max(fall, rise) :]
    if before is None:
        return Judgement(found, recent)
    now = before.status.badness
    worse = min(_last(recent, fall), default=now)
    better = max(_last(recent, rise), default=now)
    return Judgement(_STATUSES[max(now, worse) if worse > now else min(now, better)], recent)


def _last(recent: Sequence[int], count: int) -> Sequence[int]:
    """Return the last results, or none where there are too few."""
    return recent[-count:] if len(recent) >= count else ()
