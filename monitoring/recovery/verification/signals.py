"""What is watched of a case: the errors of its group and the traffic there, as they were when the soak began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from monitoring.recovery.strategies.base import Case


@dataclass(frozen=True)
class Signal:
    """A case's signal, taken when its soak begins: keep it with the recovery, as JSON.

    Attributes:
        group_id: The group whose errors are counted; None where the case has none, then nothing can be known.
        service: Whose traffic is counted.
        name: What failed: method and route, or a task; traffic and other failures are counted there.
        taken: When this was taken, in milliseconds since the epoch.
        seconds: How far back it looked: up to when the first of the errors occurred, within five minutes.
        errors: How many errors of the group occurred within them, at that place.
        others: How many other failures there were at that place meanwhile.
        traffic: How many requests or executions there were at that place meanwhile, as far as is known.
        rate: Requests or executions a second there, over five minutes.
        counted: How many had been counted there since ever; what is counted on is what came after.
    """

    group_id: int | None
    service: str
    name: str
    taken: int
    seconds: float
    errors: int
    others: int
    traffic: float
    rate: float
    counted: int

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Signal:
        """Return what `as_json` made JSON of."""
        return cls(**value)


def signal_of(case: Case, now: datetime | None = None, alias: str | None = None) -> Signal:
    """Take the signal of a case; call it when the soak begins: an action took effect, or it is known that none will.

    Args:
        case: It.
        now: When the soak begins; now by default.
        alias: The database; the one for writing by default.
    """
    taken = int((now.timestamp() if now else case.occurred.timestamp()) * 1000)
    return Signal(case.group_id, case.service, case.name, taken, 0.0, 0, 0, 0.0, 0.0, 0)
