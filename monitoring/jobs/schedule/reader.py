"""Entries as they are shown: with their latest runs, and what is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from monitoring.conf import get_config
from monitoring.jobs.findings import Finding, open_findings

from .entries import is_watched
from .models import ScheduledRun, ScheduleEntry
from .report import KINDS

_NO_STEP, _CLOSE = timedelta(0), timedelta(minutes=1)
STRIP = 20
"""Runs of each entry that are shown with it."""


@dataclass(frozen=True)
class Shown:
    """One entry.

    Attributes:
        entry: The entry.
        runs: Its latest runs, the newest first.
        findings: What is wrong with it now.
        watched: Whether its slots are judged.
    """

    entry: ScheduleEntry
    runs: Sequence[ScheduledRun]
    findings: Sequence[Finding]
    watched: bool

    @property
    def next(self) -> datetime | None:
        """The next slot. Those that are close together are judged several at a time; the runs since then count."""
        entry, last = self.entry, self.last_run
        if entry.expected is None or last is None:
            return entry.expected
        step, ahead = entry.expected - entry.anchor, last.published / 1000 - entry.expected.timestamp()
        if not _NO_STEP < step <= _CLOSE or ahead < 0:
            return entry.expected
        return entry.expected + step * (int(ahead / step.total_seconds()) + 1)

    @property
    def last_run(self) -> ScheduledRun | None:
        """The newest run."""
        return self.runs[0] if self.runs else None


def shown(entries: Sequence[ScheduleEntry]) -> list[Shown]:
    """Return entries with their latest runs and what is wrong with them."""
    names = [entry.name for entry in entries]
    place = Window(RowNumber(), partition_by=F("entry"), order_by=F("published").desc())
    latest = ScheduledRun.objects.filter(entry__in=names).annotate(place=place).filter(place__lte=STRIP)
    runs: dict[str, list[ScheduledRun]] = defaultdict(list)
    for run in sorted(latest, key=lambda run: -run.published):
        runs[run.entry].append(run)
    config = get_config()
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in open_findings(*KINDS).filter(subject__in=names).order_by("opened"):
        findings[finding.subject].append(finding)
    return [Shown(entry, runs[entry.name], findings[entry.name], is_watched(entry.name, config)) for entry in entries]
