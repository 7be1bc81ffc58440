"""The snapshot: what is known of every check, as it travels. Pure functions that move it on and read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from monitoring.component import Check, Outcome, Status, worst

from .hysteresis import Judgement, judge

PERIOD = 5.0
"""Seconds between two evaluations."""


class Known(msgspec.Struct, frozen=True):
    """What is known of one check.

    Attributes:
        component: What it is about.
        status: What is reported, after hysteresis.
        recent: Badness of its last results.
        message: Of the last result that agrees with the status.
        details: Figures of that result.
        public: Those of them that anyone may see.
        checked: When it ran last, in seconds since the epoch.
        since: Since when it has had this status.
        recovered: When a result said the last time that it was not unhealthy any more; 0 if none did.
    """

    component: str
    status: Status
    recent: tuple[int, ...]
    message: str
    details: dict[str, Any]
    public: tuple[str, ...]
    checked: float
    since: float
    recovered: float = 0.0

    @property
    def is_broken(self) -> bool:
        """Whether it is unhealthy, or its last result says so, which is not believed yet."""
        return Status.UNHEALTHY.badness in {self.status.badness, *self.recent[-1:]}


class Snapshot(msgspec.Struct, frozen=True):
    """What is known of all checks, by their ids.

    Attributes:
        version: Grows with every evaluation.
        at: When it was made, in seconds since the epoch.
        checks: In the order in which they are configured.
    """

    version: int
    at: float
    checks: dict[str, Known]


class Part(msgspec.Struct, frozen=True):
    """A component as it is shown: as bad as the worst of its checks.

    Attributes:
        status: How it is.
        message: One sentence; several where several checks are at fault.
        details: Figures for admins.
        public: Figures for anyone.
        checked: When it was last looked at, in seconds since the epoch; None if never.
        since: Since when it has had this status; None if unknown.
    """

    status: Status
    message: str
    details: dict[str, Any] = {}
    public: dict[str, Any] = {}
    checked: float | None = None
    since: float | None = None


def encode(snapshot: Snapshot) -> bytes:
    """Write a snapshot as JSON."""
    return msgspec.json.encode(snapshot)


def decode(body: bytes) -> Snapshot | None:
    """Read a snapshot; None for what is none, such as that of another release."""
    try:
        return msgspec.json.decode(body, type=Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def due(before: Snapshot | None, checks: Iterable[Check], now: float) -> list[Check]:
    """Return the checks whose interval is over, or would be before the next evaluation is half-way here."""
    known = before.checks if before else {}

    def is_due(check: Check) -> bool:
        last = known.get(check.id)
        # A clock that is behind counts as well: evaluators on two machines take turns.
        return last is None or abs(now - last.checked) >= check.interval - PERIOD / 2

    return [check for check in checks if is_due(check)]


def advance(
    before: Snapshot | None,
    checks: Iterable[Check],
    outcomes: Mapping[str, Outcome],
    *,
    version: int,
    now: float,
    fall: int,
    rise: int,
) -> Snapshot:
    """Return the next snapshot.

    Args:
        before: The last one.
        checks: All that are configured; what is no longer among them is forgotten.
        outcomes: What those that ran have found, by id.
        version: Number of the new one.
        now: Seconds since the epoch.
        fall: Results in a row that it takes to get worse.
        rise: Results in a row that it takes to get better.
    """
    known = before.checks if before else {}
    moved: dict[str, Known] = {}
    for check in checks:
        last, outcome = known.get(check.id), outcomes.get(check.id)
        if outcome is not None:
            moved[check.id] = _move(last, check, outcome, now, fall, rise)
        elif last is not None:
            moved[check.id] = last
    return Snapshot(version, now, moved)


def _move(last: Known | None, check: Check, outcome: Outcome, now: float, fall: int, rise: int) -> Known:
    before = Judgement(last.status, last.recent) if last else None
    after = judge(before, outcome.status, fall, rise)
    # While a result is not believed yet, what is reported keeps its own reason.
    believed = last is None or outcome.status == after.status or last.status != after.status
    recovers = last is not None and last.is_broken and outcome.status is not Status.UNHEALTHY
    return Known(
        component=check.component,
        status=after.status,
        recent=after.recent,
        message=outcome.message if believed or last is None else last.message,
        details=dict(outcome.details) if believed or last is None else last.details,
        public=check.public,
        checked=now,
        since=last.since if last is not None and last.status == after.status else now,
        recovered=now if recovers else last.recovered if last is not None else 0.0,
    )


def parts(checks: Iterable[Known]) -> dict[str, Part]:
    """Sum checks up by component."""
    groups: dict[str, list[Known]] = {}
    for known in checks:
        groups.setdefault(known.component, []).append(known)
    return {component: _sum(group) for component, group in groups.items()}


def _sum(group: list[Known]) -> Part:
    status = worst([known.status for known in group])
    at_fault = [known for known in group if known.status == status]
    details = {name: value for known in group for name, value in known.details.items()}
    shown = {name for known in group for name in known.public}
    return Part(
        status=status,
        message="; ".join(dict.fromkeys(known.message for known in at_fault)),
        details=details,
        public={name: value for name, value in details.items() if name in shown},
        checked=min(known.checked for known in group),
        since=min(known.since for known in at_fault),
    )
