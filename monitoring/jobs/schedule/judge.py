"""Which slots of an entry were kept, came late, were missed or came twice. Pure functions over values.

A slot is kept when a run is published within the tolerance, late when it is published later than that but still within
its reach, and missed otherwise. Its reach ends with the next slot at the latest. What beat publishes beside the slots,
such as the repeated run after a crash, is nothing to complain of.

An interval has no slots that pass: its next run is due once, one interval after the last one, and is missed once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .absences import Absence, waited
from .timetable import Timetable

# A clock may be set back a little between the slot and the publishing.
_EARLY = timedelta(seconds=1)

Together = Callable[[str, str], bool]
"""Says whether two beats lived at the same time."""


@dataclass(frozen=True)
class Terms:
    """What an entry is held to.

    Attributes:
        late: How long after its slot a run may be published.
        missed: How long after its slot a run is waited for.
        most: How many slots of a calendar are judged in one go; the others follow with the next.
        absences: When no beat lived, in the order of their ends.
    """

    late: timedelta
    missed: timedelta
    most: int = 1_000
    absences: Sequence[Absence] = ()

    def reach(self, gap: timedelta | None) -> timedelta:
        """Return how long a slot is waited for when the next one follows after `gap`."""
        return max(self.late, self.missed if gap is None else min(self.missed, gap))

    def next_look(self, slot: datetime, until: datetime, reach: timedelta) -> datetime:
        """Return when to look at a slot again: when it comes, when a run would be late, and when it is missed."""
        if until < slot:
            return slot
        return slot + (self.late if until < slot + self.late else reach)


@dataclass(frozen=True)
class Published:
    """A run that a beat published: when, by which beat, under which task id."""

    at: datetime
    origin: str
    task_id: str


@dataclass
class Span:
    """How many slots, from which to which."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, first: datetime, count: int = 1, last: datetime | None = None) -> None:
        """Count slots."""
        self.count += count
        self.first = self.first or first
        self.last = last or first


@dataclass
class Judgement:
    """What was found.

    Attributes:
        anchor: Everything up to here is judged; the next slot follows it.
        expected: The next slot.
        due: When there will be more to judge; None for never.
        fine: Whether the last slot was kept, also one that is not counted yet; an interval is fine again as soon as it
            runs. None when there is nothing new.
        came: Whether a run was published for it at all, be it late; None when there is nothing new.
        kept, late, missed, doubled: Slots by what became of them.
        lateness: The longest delay of a late one.
        origins: Which beats published a doubled one.
        alone: Whether the last slot was left to one beat; None when nothing was published.
        slots: Slot by the task id of the run that kept it.
    """

    anchor: datetime
    expected: datetime | None = None
    due: datetime | None = None
    fine: bool | None = None
    came: bool | None = None
    kept: Span = field(default_factory=Span)
    late: Span = field(default_factory=Span)
    missed: Span = field(default_factory=Span)
    doubled: Span = field(default_factory=Span)
    lateness: timedelta = timedelta(0)
    origins: tuple[str, ...] = ()
    alone: bool | None = None
    slots: dict[str, datetime] = field(default_factory=dict)

    def settle(self, slot: datetime, delay: timedelta, terms: Terms) -> None:
        """Count a slot for which a run was published within its reach."""
        self.fine, self.came = delay <= terms.late, True
        (self.kept if self.fine else self.late).add(slot)
        if not self.fine:
            self.lateness = max(self.lateness, delay)

    def miss(self, first: datetime, count: int = 1, last: datetime | None = None) -> None:
        """Count slots for which no run was published."""
        self.fine = self.came = False
        self.missed.add(first, count, last)

    def double(self, slot: datetime, origins: tuple[str, ...]) -> None:
        """Count a slot for which two beats published a run."""
        self.doubled.add(slot)
        self.origins = origins


def judge(
    timetable: Timetable,
    anchor: datetime,
    runs: Sequence[Published],
    until: datetime,
    terms: Terms,
    together: Together,
    *,
    overdue: bool = False,
) -> Judgement:
    """Judge the slots after an anchor.

    Args:
        timetable: When the entry is due.
        anchor: The last slot that was judged; for an interval, when the last run was published or should have been.
        runs: What beats published since then, in order of time.
        until: Everything that was published before this moment is among `runs`.
        terms: What the entry is held to.
        together: Whether two beats lived at the same time; a beat that was restarted may repeat a run.
        overdue: Whether an interval's next run was found missed already.
    """
    if timetable.one_off and any(run.at > anchor for run in runs):
        return _spent(timetable, anchor, runs, terms)
    every = timetable.every
    if every is None:
        return _by_calendar(timetable, Judgement(anchor), runs, until, terms, together)
    return _by_gaps(timetable, Judgement(anchor), runs, until, terms, together, overdue)


def _spent(
    timetable: Timetable,
    anchor: datetime,
    runs: Sequence[Published],
    terms: Terms,
) -> Judgement:
    """Judge an entry that beat runs once and that has run."""
    found = Judgement(anchor)
    run = next(run for run in runs if run.at > anchor)
    slot = timetable.following(anchor)
    if slot is not None:
        every = timetable.every
        delay = run.at - slot if every is None else waited(terms.absences, anchor, slot, every, run.at)[0]
        if delay <= terms.reach(None):
            found.settle(slot, delay, terms)
            found.slots[run.task_id] = slot
        else:
            found.miss(slot)
    found.anchor = max(run.at, slot or run.at)
    return found


def _by_calendar(
    timetable: Timetable,
    found: Judgement,
    runs: Sequence[Published],
    until: datetime,
    terms: Terms,
    together: Together,
) -> Judgement:
    """Judge slots that stand on a calendar."""
    times = [run.at for run in runs]
    slot = timetable.following(found.anchor)
    for _ in range(terms.most):
        if slot is None:
            return found
        following = timetable.following(slot)
        reach = terms.reach(None if following is None else following - slot)
        end = slot + reach if following is None else min(slot + reach, following - _EARLY)
        keeping = runs[bisect_left(times, slot - _EARLY) : bisect_left(times, end)]
        ready = slot + (terms.late if keeping else reach)
        if until < ready:
            found.due = terms.next_look(slot, until, reach)
            found.expected = following if keeping else slot
            if keeping:
                # It is kept; whether two beats did so is known, and counted, only when the tolerance is over.
                found.fine = found.came = True
                found.slots[keeping[0].task_id] = slot
            return found
        if keeping:
            found.settle(slot, keeping[0].at - slot, terms)
            found.slots |= {run.task_id: slot for run in keeping}
            _look_for_two(found, slot, keeping, together)
        else:
            found.miss(slot)
        found.anchor, slot = slot, following
    found.expected, found.due = slot, until
    return found


def _look_for_two(found: Judgement, slot: datetime, runs: Sequence[Published], together: Together) -> None:
    first, found.alone = runs[0].origin, True
    for run in runs[1:]:
        if run.origin != first and together(first, run.origin):
            found.double(slot, (first, run.origin))
            found.alone = False
            return


def _by_gaps(
    timetable: Timetable,
    found: Judgement,
    runs: Sequence[Published],
    until: datetime,
    terms: Terms,
    together: Together,
    overdue: bool,
) -> Judgement:
    """Judge an interval: the next run is due one interval after the last one, whenever that was."""
    every = timetable.every or timedelta(0)
    before: Published | None = None
    for run in runs:
        if run.at < found.anchor:
            continue
        slot = timetable.following(found.anchor)
        if slot is None:
            break
        if run.at > found.anchor:
            delay, due = waited(terms.absences, found.anchor, slot, every, run.at)
            if not overdue and delay > terms.reach(every):
                found.miss(slot)
                overdue = True
            if overdue:  # the run that ends a gap makes up for nothing, but from here on all is well again
                found.fine, found.came, overdue = True, True, False
            else:
                found.settle(slot, delay, terms)
                found.slots[run.task_id] = min(due, run.at)
        found.alone = before is None or not _is_second(before, run, every, together)
        if before is not None and not found.alone and not _was_blamed(found, run.at - every):
            found.double(run.at, (before.origin, run.origin))
        found.anchor, before = run.at, run
    found.expected = timetable.following(found.anchor)
    if found.expected is not None:
        _await_next(timetable, found, found.expected, until, terms, overdue)
    return found


def _await_next(
    timetable: Timetable,
    found: Judgement,
    slot: datetime,
    until: datetime,
    terms: Terms,
    overdue: bool,
) -> None:
    """Say when an interval's next run is due, and whether it has been missed."""
    every = timetable.every or timedelta(0)
    reach = terms.reach(every)
    delay, due = waited(terms.absences, found.anchor, slot, every, until)
    if overdue or delay > reach:
        if not overdue:
            found.miss(slot)
        # Only so that what is known of an entry that never runs again does not reach back further and further.
        found.anchor += max(0, (until - reach - found.anchor) // every) * every
        found.expected = timetable.following(found.anchor)
        found.due = None if found.expected is None else until + terms.late
        return
    if until >= slot:
        found.expected = due
    if timetable.expires is not None and due >= timetable.expires:
        found.expected = None
        return
    # What runs more often than that is looked at only once it may be late.
    found.due = terms.next_look(due, max(until, due) if every < terms.late else until, reach)
    if found.due <= until:
        found.due = until + terms.late


def _is_second(before: Published, run: Published, every: timedelta, together: Together) -> bool:
    """Whether a run comes too soon after that of another beat."""
    soon = run.origin != before.origin and run.at - before.at < every
    return soon and together(before.origin, run.origin)


def _was_blamed(found: Judgement, since: datetime) -> bool:
    """Whether this interval was found doubled already."""
    return found.doubled.last is not None and found.doubled.last > since
