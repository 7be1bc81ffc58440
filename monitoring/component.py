"""What a component of the platform is asked, and what it answers. Slices ship checks of this shape; `health` runs them.

A check is a value: its fields are its configuration. It knows nothing of schedules, threads or history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar


class Status(StrEnum):
    """How a component is, from good to bad."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"

    @property
    def badness(self) -> int:
        """Return 0 for healthy, 1 for degraded, 2 for unhealthy."""
        return _ORDER.index(self)


_ORDER = tuple(Status)


def worst(statuses: Mapping[str, Status] | list[Status]) -> Status:
    """Return the worst of some statuses; healthy where there are none."""
    values = statuses.values() if isinstance(statuses, Mapping) else statuses
    return max(values, key=lambda status: status.badness, default=Status.HEALTHY)


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Attributes:
        status: How the component is.
        message: One sentence for people. Anyone may read it: it never holds addresses with passwords, or other secrets.
        details: Figures for machines, JSON-compatible. Only admins see them, except those a check lists in `public`.
    """

    status: Status
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outage:
    """How the components are without which requests fail.

    Attributes:
        unhealthy: Names of those that are unhealthy now, or would be if their last result was believed.
        since: When the first of them became unhealthy; None where that is not believed yet, or none is.
        recovered: When one was no longer unhealthy the last time; None if that is not known.
    """

    unhealthy: frozenset[str] = frozenset()
    since: datetime | None = None
    recovered: datetime | None = None


@dataclass(frozen=True)
class Check:
    """Base of all checks; a subclass sets the defaults it wants and answers `run`.

    Attributes:
        id: Unique among the checks of an installation.
        component: What it is about; several checks may be about one component, which is as bad as the worst of them.
        time_limit: Seconds after which an answer is no longer waited for.
        interval: Seconds between two runs.
    """

    id: str
    component: str
    time_limit: float = 3.0
    interval: float = 10.0

    inline: ClassVar[bool] = False
    """Whether it is also run in a web process while no evaluator has run yet; it must be quick then."""
    public: ClassVar[tuple[str, ...]] = ()
    """Names of those details that anyone may see, beside status and message."""

    def run(self) -> Outcome:
        """Look at the component once.

        It runs in a thread of its own, whose Django connections are closed afterwards. Whatever it raises counts as
        unhealthy.

        Returns:
            What it found.
        """
        raise NotImplementedError
