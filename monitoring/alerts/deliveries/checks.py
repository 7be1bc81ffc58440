"""The health of deliveries: does what people are to be told arrive?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitoring.component import Check, Outcome, Status

from .reading import Standing, standing

_LATE_SECONDS = 300.0
_DEAD_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Deliveries(Check):
    """Looks for messages that were given up or wait for long, and for destinations that fail."""

    id: str = "alert-deliveries"
    component: str = "alerts"

    def run(self) -> Outcome:
        """Read how deliveries stand."""
        now = datetime.now(UTC)
        return judge(standing(now, now - _DEAD_WITHIN))


def judge(seen: Standing) -> Outcome:
    """Say how deliveries are. Where people cannot be told, an outage of the service is the lesser news."""
    details = {
        "waiting": seen.waiting,
        "given_up": seen.dead,
        "failing": seen.failing,
        "oldest_seconds": seen.oldest,
        "untold": seen.untold,
    }
    problems = []
    if seen.untold:
        problems.append(f"nobody could be told of {seen.untold} critical incident{'' if seen.untold == 1 else 's'}")
    if seen.dead:
        problems.append(f"{seen.dead} given up within the last hour")
    if seen.failing:
        problems.append(f"{seen.failing} destination{'' if seen.failing == 1 else 's'} failing")
    if seen.oldest >= _LATE_SECONDS:
        problems.append(f"the oldest has waited for {seen.oldest:.0f} s")
    if problems:
        status = Status.UNHEALTHY if seen.untold else Status.DEGRADED
        return Outcome(status, f"Messages about incidents: {', '.join(problems)}", details)
    return Outcome(Status.HEALTHY, "Messages about incidents arrive", details)
