"""What a watch found, gathered and written in one go: a dead beat makes a thousand entries late at the same moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from monitoring.jobs.findings import Finding, store

KINDS = (
    "schedule_late",
    "schedule_missed",
    "schedule_failed",
    "schedule_overlap",
    "schedule_doubled",
    "beat_dead",
    "beat_doubled",
)
"""The kinds of findings that only the schedule's watch opens and closes."""


class Report:
    """Findings of the schedule that are open, and what becomes of them in this watch.

    Args:
        standing: Those that are open.
    """

    def __init__(self, standing: Iterable[Finding]) -> None:
        self._open = {(row.kind, row.subject): row for row in standing}
        self._new: list[Finding] = []
        self._changed: dict[int, Finding] = {}

    def is_open(self, kind: str, subject: str) -> bool:
        """Whether this is wrong now."""
        return (kind, subject) in self._open

    def subjects(self, kind: str) -> list[str]:
        """Return what is open of a kind."""
        return [subject for one, subject in self._open if one == kind]

    def raise_(self, kind: str, subject: str, detail: dict[str, Any], at: datetime) -> None:
        """Open a finding; one that is open already counts on, and keeps where it began.

        Args:
            kind: One of `KINDS`.
            subject: What it is about.
            detail: Evidence. A `count` adds up; `first` stays what it was.
            at: Since when.
        """
        row = self._open.get((kind, subject))
        if row is None:
            row = Finding(kind=kind, subject=subject, detail=detail, opened=at)
            self._open[kind, subject] = row
            self._new.append(row)
            return
        counted = {"count": row.detail.get("count", 0) + detail["count"]} if "count" in detail else {}
        first = {"first": row.detail["first"]} if "first" in row.detail else {}
        merged = {**row.detail, **detail, **counted, **first}
        if merged != row.detail:
            row.detail = merged
            self._note(row)

    def resolve(self, kind: str, subject: str, at: datetime) -> None:
        """Close a finding if it is open."""
        row = self._open.pop((kind, subject), None)
        if row is not None:
            row.closed = max(at, row.opened)
            self._note(row)

    def _note(self, row: Finding) -> None:
        if row.pk is not None:
            self._changed[row.pk] = row

    def write(self, using: str) -> None:
        """Store everything, inside of the caller's transaction."""
        store(self._new, using)
        if self._changed:
            rows = [self._changed[key] for key in sorted(self._changed)]
            Finding.objects.using(using).bulk_update(rows, ["detail", "closed"], batch_size=500)
