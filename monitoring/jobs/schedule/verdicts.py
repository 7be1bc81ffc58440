"""From what was judged of an entry to its counters, its state and its findings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .executions import LOST, Outcome
from .judge import Judgement, Span
from .models import EntryState, ScheduledRun, ScheduleEntry
from .report import Report

_OF_ENTRIES = ("schedule_late", "schedule_missed", "schedule_failed", "schedule_overlap", "schedule_doubled")
_UNWATCHED = ("schedule_late", "schedule_missed", "schedule_overlap", "schedule_doubled")
_STATES = {
    "schedule_missed": EntryState.MISSED,
    "schedule_failed": EntryState.FAILED,
    "schedule_late": EntryState.LATE,
}


class EntryFindings:
    """One entry and what is wrong with it.

    Args:
        row: The entry.
        report: Where findings go.
        now: When findings are closed.
        watched: Whether more than failed runs is told.
    """

    def __init__(self, row: ScheduleEntry, report: Report, now: datetime, *, watched: bool = True) -> None:
        self._row = row
        self._report = report
        self._now = now
        self._watched = watched

    def drop(self) -> None:
        """Close everything: nothing is expected of the entry any more, or something else."""
        for kind in _OF_ENTRIES:
            self._report.resolve(kind, self._row.name, self._now)

    def take(self, found: Judgement) -> None:
        """Take over what became of slots."""
        row = self._row
        row.anchor, row.expected, row.due, row.problem = found.anchor, found.expected, found.due, ""
        row.last_slot = max(found.slots.values(), default=row.last_slot)
        row.kept += found.kept.count
        if not self._watched:
            for kind in _UNWATCHED:
                self._resolve(kind)
            return
        row.late += found.late.count
        row.missed += found.missed.count
        row.doubled += found.doubled.count
        self._span("schedule_missed", found.missed, {})
        self._span("schedule_late", found.late, {"seconds": round(found.lateness.total_seconds(), 3)})
        self._span("schedule_doubled", found.doubled, {"origins": list(found.origins)})
        if found.came:
            self._resolve("schedule_missed")
        if found.fine:
            self._resolve("schedule_late")
        if found.alone:
            self._resolve("schedule_doubled")

    def _span(self, kind: str, span: Span, more: dict[str, Any]) -> None:
        if span.first is not None and span.last is not None:
            spanned = {"count": span.count, "first": _iso(span.first), "last": _iso(span.last)}
            self._report.raise_(kind, self._row.name, self._detail(spanned | more), span.first)

    def conclude(self, found: Outcome) -> bool:
        """Take over what became of runs; return whether the row changed."""
        row, before = self._row, self._row.started_until
        row.failed += len(found.failed)
        row.started_until = found.started_until
        for run in found.failed:
            self._raise("schedule_failed", {"count": 1, "lost": run.state == LOST, **_about(run)}, run.ended)
        for run, other in found.overlapped if self._watched else ():
            row.overlapped += 1
            self._raise("schedule_overlap", {"count": 1, **_about(run), "beside": other.task_id}, run.started)
        if found.fine:
            self._resolve("schedule_failed")
        if found.apart:
            self._resolve("schedule_overlap")
        return bool(found.failed or found.over) or row.started_until != before

    def _raise(self, kind: str, detail: dict[str, Any], at: int | None) -> None:
        moment = datetime.fromtimestamp(at / 1000, UTC) if at is not None else self._now
        self._report.raise_(kind, self._row.name, self._detail(detail), moment)

    def _resolve(self, kind: str) -> None:
        self._report.resolve(kind, self._row.name, self._now)

    def _detail(self, detail: dict[str, Any]) -> dict[str, Any]:
        return {"entry": self._row.name, "task": self._row.task, **detail}

    def state(self) -> EntryState:
        """Return how the entry is, by the worst that is open about it."""
        if not self._row.enabled:
            return EntryState.DISABLED
        worst = (state for kind, state in _STATES.items() if self._report.is_open(kind, self._row.name))
        return next(worst, EntryState.OK)


def _about(run: ScheduledRun) -> dict[str, Any]:
    return {"task_id": run.task_id, "queue": run.queue, "worker": run.worker}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
