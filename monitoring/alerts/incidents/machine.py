"""What becomes of an incident when its rule was evaluated once more. A pure function over values.

`for` and `keep firing for` mean exactly what they mean to Prometheus: an incident fires at the first evaluation that is
at least `for` after the first one that found it, if all between found it as well; and it is over at the first
evaluation that is at least `keep firing for` after the first one that no longer found it. A time that lies ahead, since
a clock was put back, counts as now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from .states import TOLD, IncidentState, TransitionKind

_CHANGES_KEPT = 50
_NEVER = timedelta(0)


@dataclass(frozen=True)
class Terms:
    """When an incident of a rule begins and ends to count.

    Attributes:
        hold: For so long it is found before it fires.
        keep: For so long it fires on when it is found no more.
        flap_changes: One that fired and was resolved so often within `flap_window` is flapping; 0 for never.
        flap_window: And it is, until it was steady for so long.
    """

    hold: timedelta = _NEVER
    keep: timedelta = _NEVER
    flap_changes: int = 0
    flap_window: timedelta = timedelta(minutes=30)


@dataclass(frozen=True)
class Found:
    """What the rule found of it.

    Attributes:
        count: Occurrences so far.
        event: It happened once, and is not waited for.
        again: Each occurrence is such an event by itself.
    """

    count: int = 0
    event: bool = False
    again: bool = False


@dataclass(frozen=True)
class Standing:
    """How an incident stands. Its fields are those of the row."""

    state: IncidentState
    started: datetime
    fired: datetime | None = None
    resolved: datetime | None = None
    absent_since: datetime | None = None
    notified_count: int = 0
    event: bool = False
    spent: bool = False
    flapping: bool = False
    changes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Step:
    """One entry for the history."""

    kind: TransitionKind
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Advance:
    """How it stands now, and what there is to tell.

    Attributes:
        standing: None when nothing is left of it: it was only pending, or there never was anything.
        steps: Entries for its history, in their order.
    """

    standing: Standing | None
    steps: tuple[Step, ...] = ()


def advance(
    before: Standing | None, found: Found | None, terms: Terms, now: datetime, earlier: tuple[float, ...] = ()
) -> Advance:
    """Take one more evaluation of the rule into account. One that failed is none, and changes nothing.

    Args:
        before: How it stood; None where there is none, or where the last one is over.
        found: What the rule found of it; None for nothing.
        terms: What the rule wants.
        now: When it was evaluated.
        earlier: Changes of the incident before, of which this one would be a recurrence.
    """
    before, earlier = _not_ahead(before, now), _until(now, earlier)
    if before is not None and before.state is IncidentState.RESOLVED:
        return Advance(_resolved(before, found))
    if found is None:
        return Advance(None) if before is None else _absent(before, terms, now)
    began: tuple[Step, ...] = ()
    if before is None:
        before = Standing(IncidentState.PENDING, started=now, event=found.event, changes=earlier)
        began = (Step(TransitionKind.PENDING),)
    return _present(before, found, terms, now, began)


def close(before: Standing, now: datetime, reason: str) -> Advance:
    """End an incident whose rule is no more, or tells nothing any more.

    Args:
        before: How it stood.
        now: When it was found out.
        reason: For its history.
    """
    if before.state is IncidentState.RESOLVED:
        return Advance(replace(before, spent=False))
    if before.state is IncidentState.PENDING:
        return Advance(None)
    return _resolve(before, now, (), {"reason": reason})


def _resolved(before: Standing, found: Found | None) -> Standing:
    """Who resolved it by hand does not want to hear of it again until it is found anew."""
    if found is None or not before.spent:
        return replace(before, spent=False)
    if not found.again:
        return before
    # What was resolved is what was counted at the first evaluation since; of a window that moves on there is less.
    if 0 < before.notified_count < found.count:
        return replace(before, spent=False)
    return replace(before, notified_count=found.count)


def _not_ahead(before: Standing | None, now: datetime) -> Standing | None:
    if before is None:
        return None
    absent = None if before.absent_since is None else min(before.absent_since, now)
    times = min(before.started, now), absent, _until(now, before.changes)
    if times == (before.started, before.absent_since, before.changes):
        return before
    return replace(before, started=times[0], absent_since=times[1], changes=times[2])


def _until(now: datetime, changes: tuple[float, ...]) -> tuple[float, ...]:
    latest = now.timestamp()
    return tuple(min(at, latest) for at in changes)


def milestone(count: int) -> int:
    """Return the greatest of 1, 10, 100, … that a count has reached; 0 for none."""
    return 10 ** (len(str(count)) - 1) if count > 0 else 0


def _present(before: Standing, found: Found, terms: Terms, now: datetime, began: tuple[Step, ...]) -> Advance:
    standing = replace(before, absent_since=None, event=found.event)
    if standing.state is IncidentState.PENDING:
        if found.event or now - standing.started >= terms.hold:
            return _fire(standing, found, terms, now)
        return Advance(standing, began)
    steps: tuple[Step, ...] = ()
    if standing.flapping:
        if before.absent_since is not None:
            standing = _changed(standing, now)
        elif _steady(standing, terms, now):
            standing, steps = replace(standing, flapping=False), (Step(TransitionKind.SETTLED),)
    reached = milestone(found.count)
    if reached > max(standing.notified_count, 1):
        standing = replace(standing, notified_count=reached)
        steps += (Step(TransitionKind.MILESTONE, {"milestone": reached, "count": found.count}),)
    return Advance(standing, steps)


def _fire(pending: Standing, found: Found, terms: Terms, now: datetime) -> Advance:
    recent = [at for at in pending.changes if at > (now - terms.flap_window).timestamp()]
    changes = (*recent, now.timestamp())[-_CHANGES_KEPT:]
    flapping = 0 < terms.flap_changes <= len(changes)
    standing = replace(
        pending,
        state=IncidentState.FIRING,
        fired=now,
        notified_count=milestone(found.count),
        flapping=flapping,
        changes=changes,
    )
    steps = (Step(TransitionKind.FIRING, {"count": found.count} if found.count else {}),)
    return Advance(standing, (*steps, Step(TransitionKind.FLAPPING, {"changes": len(changes)})) if flapping else steps)


def _absent(before: Standing, terms: Terms, now: datetime) -> Advance:
    if before.state not in TOLD:
        return Advance(None)
    standing = before if before.absent_since is not None else replace(before, absent_since=now)
    kept = now - (standing.absent_since or now) < terms.keep
    if not standing.flapping:
        return Advance(standing) if kept else _resolve(standing, now, ())
    if before.absent_since is None:
        standing = _changed(standing, now)
    if kept or not _steady(standing, terms, now):
        return Advance(standing)
    return _resolve(standing, now, (Step(TransitionKind.SETTLED),))


def _resolve(
    standing: Standing, now: datetime, steps: tuple[Step, ...], detail: Mapping[str, Any] | None = None
) -> Advance:
    # A time of flapping that ended is over: what comes next begins to count anew.
    closed = replace(standing, changes=()) if standing.flapping else _changed(standing, now)
    closed = replace(closed, state=IncidentState.RESOLVED, resolved=now, flapping=False)
    return Advance(closed, (*steps, Step(TransitionKind.RESOLVED, detail or {})))


def _changed(standing: Standing, now: datetime) -> Standing:
    return replace(standing, changes=(*standing.changes, now.timestamp())[-_CHANGES_KEPT:])


def _steady(standing: Standing, terms: Terms, now: datetime) -> bool:
    """Whether it has neither gone nor come for as long as it takes."""
    return not standing.changes or now.timestamp() - standing.changes[-1] >= terms.flap_window.total_seconds()
