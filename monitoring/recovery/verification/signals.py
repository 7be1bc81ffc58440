"""What is watched of a case: the errors of its group and the traffic there, as they were when the soak began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.recovery.strategies.base import Case

from . import counts

FEW = 5
"""From so many errors on, their share is that since the first of them; of fewer, that of the whole time before: one
stray failure is not all of its traffic."""
BEFORE_SECONDS = 300
"""So far back it is looked how it was before."""
_MINUTE = 60


@dataclass(frozen=True)
class Signal:
    """A case's signal, taken when its soak begins: keep it with the recovery, as JSON.

    Attributes:
        group_id: The group whose errors are counted; None where the case has none: then nothing can be known.
        service: Whose errors and traffic are counted.
        name: What failed: method and route, a task, or a logger.
        own: Whether the traffic is that of `name`, a request or a task; else it is that of the whole service.
        taken: When this was taken, in seconds since the epoch.
        errors: How many errors of the group there were at `name` within the five minutes before.
        share: How many errors there were for each request or execution, up to 1.
        others: How many of the requests or executions failed otherwise meanwhile, between 0 and 1.
        rate: Requests or executions a second there.
        counted: How many had been counted there since ever, and `failed`, how many of these failed: what is counted
            beyond them came after.
    """

    group_id: int | None
    service: str
    name: str
    own: bool
    taken: float
    errors: int = 0
    share: float = 0.0
    others: float = 0.0
    rate: float = 0.0
    counted: int = 0
    failed: int = 0

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
    now, alias = now or datetime.now(UTC), alias or counts.write_alias()
    place = counts.place_of(case.service, case.name, alias, own=bool(case.route or case.task_id))
    ever = counts.ever(place, alias)
    signal = Signal(
        case.group_id,
        case.service,
        case.name,
        bool(place.name),
        now.timestamp(),
        counted=ever.count,
        failed=ever.failed,
    )
    return signal if case.group_id is None else _with_before(signal, case.group_id, place, now, alias)


def _with_before(signal: Signal, group_id: int, place: counts.Place, now: datetime, alias: str) -> Signal:
    """Add what it was like before."""
    since = now - timedelta(seconds=BEFORE_SECONDS)
    errors = counts.errors_of(group_id, signal.name, since, now, alias)
    begin, minute = (errors.first or now).timestamp(), int(signal.taken // _MINUTE)
    whole = counts.within(place, int(since.timestamp() // _MINUTE), minute, alias)
    lately = counts.within(place, int(begin // _MINUTE), minute, alias)
    rate = max(
        whole.count / (signal.taken - since.timestamp() // _MINUTE * _MINUTE),
        lately.count / max(1.0, signal.taken - begin // _MINUTE * _MINUTE),
    )
    traffic = rate * (signal.taken - begin) if errors.count >= FEW else float(whole.count)
    met = max(float(errors.count), traffic, 1.0)
    others = max(0, lately.failed - errors.count) / lately.count if lately.count else 0.0
    before = {"errors": errors.count, "share": errors.count / met, "others": min(1.0, others), "rate": rate}
    return Signal(**(asdict(signal) | before))
