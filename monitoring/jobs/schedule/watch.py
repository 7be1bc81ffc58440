"""Looks at the schedule: which slots passed without a run, what became of the runs, and whether a beat lives.

Everything a watch finds is written in one transaction, by whoever bumps the version first; of two watches at once the
other one leaves it at that. A watch that was away for a while judges every slot since the last one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from django.apps import apps
from django.db import connections, router, transaction
from django.db.models import F, Q

from monitoring.conf import Config
from monitoring.jobs import sight
from monitoring.jobs.findings import open_findings
from monitoring.jobs.sight import Sight
from monitoring.storage import bulk

from . import absences, beats, entries, orphans, trim, vigil
from .absences import Absence
from .beats import Beat
from .executions import LOST, look_at
from .judge import Published, Terms, judge
from .models import ScheduledRun, ScheduleEntry, ScheduleWatch
from .report import KINDS, Report
from .timetable import Timetable
from .verdicts import EntryFindings

MARGIN = timedelta(seconds=2)
"""For so long what happened may still be on its way to the stream."""
RELIST = timedelta(seconds=60)
"""Entries are listed anew after this time even if nobody said that they changed."""
_RECENT = timedelta(seconds=15)
"""What beat published so long before the last look is looked for again: it may have been on its way."""
_FUTURE = timedelta(seconds=60)
_MOST_DUE = 2_000
_MOST_OPEN = 20_000
_MOST_RUNS = 50_000
_MOST_SLOTS, _FEWEST_SLOTS = 20_000, 10
_MARGIN_MILLISECONDS = 1_000


def watch(config: Config) -> None:
    """Look at the schedule once.

    Raises:
        redis.RedisError: Redis does not answer; nothing is judged without knowing what is still on its way.
    """
    if apps.is_installed("django_celery_beat"):
        Look(config, sight.look(config), datetime.now(UTC)).run()


def moment(milliseconds: int) -> datetime:
    """Return a time of a run."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@dataclass
class Look:
    """One look.

    Attributes:
        config: This installation's settings.
        seen: Who lives, and how far intake is behind.
        now: The time.
    """

    config: Config
    seen: Sight
    now: datetime
    changed: dict[str, ScheduleEntry] = field(default_factory=dict)
    new: list[ScheduleEntry] = field(default_factory=list)
    gone: list[ScheduleEntry] = field(default_factory=list)
    runs: list[ScheduledRun] = field(default_factory=list)
    over: list[ScheduledRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.using = router.db_for_write(ScheduleWatch)
        self.until = min(self.now, datetime.fromtimestamp(self.seen.at, UTC)) - MARGIN
        self.until -= timedelta(seconds=self.seen.behind)

    def run(self) -> None:
        """Look at everything, and write what was found."""
        row = self._row()
        version, missed = row.version, 0
        known = beats.of(self.seen.heartbeats, self.config.beat_dead_seconds)
        report = Report(open_findings(*KINDS).using(self.using))
        if self._is_to_be_listed(row):
            self._list(report)
        missed = self._judge_slots(known, row.watched, report)
        self._judge_runs(report)
        self._put_states(report)
        vigil.keep(row, known, report, self.now, self.config)
        trimming = trim.is_due(row, self.now)
        with transaction.atomic(using=self.using):
            row.version += 1
            if self._wins(row, version, missed):
                self._write(report)
        if trimming:
            trim.trim(self.using, self.config.schedule_runs_kept, self.now)

    def _row(self) -> ScheduleWatch:
        rows = ScheduleWatch.objects.using(self.using)
        row = rows.filter(pk=1).first()
        if row is None:
            rows.bulk_create([ScheduleWatch(pk=1, watched=self.now, awake=self.now)], ignore_conflicts=True)
            row = rows.get(pk=1)
        return row

    def _wins(self, row: ScheduleWatch, version: int, missed: int) -> bool:
        values = {
            name: getattr(row, name)
            for name in ("version", "watched", "awake", "beat_seen", "listed", "listed_at", "trimmed")
        }
        rows = ScheduleWatch.objects.using(self.using).filter(pk=row.pk, version=version)
        return rows.update(**values, missed=F("missed") + missed) > 0

    def _is_to_be_listed(self, row: ScheduleWatch) -> bool:
        change = entries.last_change()
        fresh = row.listed_at is not None and timedelta(0) <= self.now - row.listed_at < RELIST
        if fresh and change == row.listed:
            return False
        row.listed, row.listed_at = change, self.now
        return True

    def _list(self, report: Report) -> None:
        """Take over what was changed about the entries."""
        known = {row.name: row for row in ScheduleEntry.objects.using(self.using)}
        changes = entries.compare(known, self.now)
        self.new, self.gone = changes.new, changes.gone
        for row in known.values():
            if row.anchor > self.now + _FUTURE:  # the clock was ahead, and was set right
                row.anchor = row.due = self.now
                self.changed[row.name] = row
            elif row.problem and row.enabled:  # what beat lacked may be there by now
                row.due = self.now
                self.changed[row.name] = row
        self.changed |= {row.name: row for row in changes.changed}
        for row in [*changes.gone, *(row for row in changes.changed if not row.enabled or row.expected is None)]:
            self._findings(row, report).drop()

    def _findings(self, row: ScheduleEntry, report: Report) -> EntryFindings:
        return EntryFindings(row, report, self.now, watched=entries.is_watched(row.name, self.config))

    def _judge_slots(self, known: Sequence[Beat], last: datetime, report: Report) -> int:
        """Judge the slots of entries that are due or just ran; return how many were missed."""
        wanted = Q(due__lte=self.until) | Q(due__isnull=False, name__in=self._just_ran(last))
        stored = ScheduleEntry.objects.using(self.using).filter(wanted, enabled=True)
        listed = {*self.changed, *(row.name for row in self.gone)}
        due = {row.name: row for row in stored.order_by("due")[:_MOST_DUE] if row.name not in listed}
        due |= {row.name: row for row in [*self.changed.values(), *self.new] if row.enabled and row.due is not None}
        if not due:
            return 0
        published = self._published(due)
        terms = Terms(
            timedelta(seconds=self.config.schedule_late_seconds),
            timedelta(seconds=self.config.schedule_missed_seconds),
            max(_FEWEST_SLOTS, _MOST_SLOTS // len(due)),
        )
        together = partial(beats.together, known)
        without = absences.of(known, datetime.fromtimestamp(self.seen.at, UTC))
        missed = 0
        asked = entries.timetables(due.values())
        for name, row in due.items():
            timetable, runs = asked.get(name), published[name]
            overdue = report.is_open("schedule_missed", name)
            try:
                readable = _readable(timetable)
                held = replace(terms, absences=_with_saving(without, readable.saved))
                run = [one for one, _ in runs]
                found = judge(readable, row.anchor, run, self.until, held, together, overdue=overdue)
            except Exception as error:  # beat cannot calculate it either; the others must be judged all the same
                row.problem, row.due, row.expected = entries.problem(error), None, None
            else:
                missed += found.missed.count if entries.is_watched(name, self.config) else 0
                self._findings(row, report).take(found)
                self._place(runs, found.slots)
            if row.pk is not None:
                self.changed[name] = row
        return missed

    def _just_ran(self, last: datetime) -> list[str]:
        """Return entries of which beat published a run since the last look, or shortly before it."""
        since, until = (int(one.timestamp() * 1000) for one in (last - _RECENT, self.until))
        runs = ScheduledRun.objects.using(self.using).filter(published__gt=since, published__lte=until, slot=None)
        return list(runs.exclude(origin="").values_list("entry", flat=True).distinct()[:_MOST_DUE])

    def _published(self, due: dict[str, ScheduleEntry]) -> dict[str, list[tuple[Published, ScheduledRun]]]:
        """Return what beats published for entries since they were judged, in order."""
        earliest = min(int(row.anchor.timestamp() * 1000) for row in due.values()) - _MARGIN_MILLISECONDS
        stored = ScheduledRun.objects.using(self.using).filter(entry__in=list(due), published__gte=earliest)
        until = int(self.until.timestamp() * 1000)
        found: dict[str, list[tuple[Published, ScheduledRun]]] = defaultdict(list)
        runs = list(stored.filter(published__lte=until).exclude(origin="").order_by("published")[:_MOST_RUNS])
        if len(runs) == _MOST_RUNS:  # an entry runs wild; what came later is judged when this has been trimmed
            self.until = moment(runs[-1].published)
        for run in runs:
            found[run.entry].append((Published(moment(run.published), run.origin, run.task_id), run))
        return found

    def _place(self, runs: Sequence[tuple[Published, ScheduledRun]], slots: dict[str, datetime]) -> None:
        """Note which slot each run is of."""
        for one, run in runs:
            if one.task_id in slots and run.slot is None:
                run.slot = int(slots[one.task_id].timestamp() * 1000)
                self.runs.append(run)

    def _judge_runs(self, report: Report) -> None:
        """Look at the runs that run, and at those that ended."""
        stored = ScheduledRun.objects.using(self.using).filter(open=True).order_by("started")[:_MOST_OPEN]
        by_entry: dict[str, list[ScheduledRun]] = defaultdict(list)
        for run in stored:
            by_entry[run.entry].append(run)
        if not by_entry:
            return
        lost, gone = orphans.find(stored, self.seen, self.config)
        until = int(self.until.timestamp() * 1000)
        for row in self._rows(by_entry):
            found = look_at(by_entry.pop(row.name), row.started_until, until, lost, gone)
            self.over += found.over
            if self._findings(row, report).conclude(found) and row.pk is not None:
                self.changed[row.name] = row
        for runs in by_entry.values():  # of entries that are no more
            self.over += [run for run in runs if run.ended is not None]

    def _rows(self, names: dict[str, list[ScheduledRun]]) -> list[ScheduleEntry]:
        """Return the rows of entries, those that this look has already at hand among them."""
        held = {row.name: row for row in self.new} | self.changed
        wanted = [name for name in names if name not in held]
        rows = [row for name, row in held.items() if name in names]
        return rows + (list(ScheduleEntry.objects.using(self.using).filter(name__in=wanted)) if wanted else [])

    def _put_states(self, report: Report) -> None:
        for row in [*self.changed.values(), *self.new]:
            row.state = self._findings(row, report).state()

    def _write(self, report: Report) -> None:
        rows = ScheduleEntry.objects.using(self.using)
        rows.filter(pk__in=[row.pk for row in self.gone]).delete()
        rows.bulk_create(self.new)
        if self.changed:
            _put(self.using, list(self.changed.values()))
        runs = ScheduledRun.objects.using(self.using)
        if self.runs:
            runs.bulk_update(self.runs, ["slot"], batch_size=1_000)
        by_rank: dict[int, list[str]] = defaultdict(list)
        for run in self.over:
            by_rank[run.rank].append(run.task_id)
        for rank, ids in by_rank.items():  # one that went on meanwhile stays open
            runs.filter(pk__in=ids, rank=rank).update(open=False)
        for run in self.over:
            if run.state == LOST:
                runs.filter(pk=run.pk, rank=run.rank).update(state=LOST, ended=run.ended)
        report.write(self.using)


def _readable(found: Timetable | Exception | None) -> Timetable:
    """Return an entry's timetable.

    Raises:
        Exception: What is wrong with its schedule.
    """
    if isinstance(found, Timetable):
        return found
    raise found or LookupError("the entry is gone")


def _with_saving(without: Sequence[Absence], saved: datetime | None) -> Sequence[Absence]:
    """Let an entry that never ran count anew from when it was saved, as beat does."""
    if saved is None:
        return without
    return sorted([*without, Absence(saved, saved, planned=True)], key=lambda one: one.until)


def _put(using: str, rows: Sequence[ScheduleEntry]) -> None:
    """Overwrite rows with what they are now."""
    connection = connections[using]
    fields = ScheduleEntry._meta.concrete_fields
    bulk.put(
        connection,
        ScheduleEntry,
        {
            str(one.column): [one.get_db_prep_save(getattr(row, one.attname), connection) for row in rows]
            for one in fields
        },
    )
