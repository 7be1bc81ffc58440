"""The entries of django-celery-beat, as rows that remember how far each has been judged.

An edit of what decides when an entry is due makes judging begin anew from the moment it is noticed: a slot of the new
schedule that passed before the edit was never to be kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from django.db.models import Model

from monitoring.conf import Config

from . import timetable
from .models import EntryState, ScheduleEntry
from .timetable import Timetable

RELATED = ("interval", "crontab", "solar", "clocked")
_FORM = (
    "enabled",
    "one_off",
    "start_time",
    "expires",
    "interval__every",
    "interval__period",
    "crontab__minute",
    "crontab__hour",
    "crontab__day_of_month",
    "crontab__month_of_year",
    "crontab__day_of_week",
    "crontab__timezone",
    "solar__event",
    "solar__latitude",
    "solar__longitude",
    "clocked__clocked_time",
)
_MAX_TEXT = 500


@dataclass(frozen=True)
class Changes:
    """How the rows differ from the entries.

    Attributes:
        new: Rows to create.
        changed: Rows whose entry was edited.
        gone: Rows whose entry is no more.
    """

    new: list[ScheduleEntry]
    changed: list[ScheduleEntry]
    gone: list[ScheduleEntry]


def last_change() -> datetime | None:
    """Return when an entry was last changed, as far as beat is told; `QuerySet.update()` tells nobody."""
    from django_celery_beat.models import PeriodicTasks

    found: datetime | None = PeriodicTasks.last_change()
    return found


def compare(rows: Mapping[str, ScheduleEntry], now: datetime) -> Changes:
    """Compare the rows with the entries.

    Args:
        rows: By name.
        now: From when on new and edited entries are judged.
    """
    from django_celery_beat.models import PeriodicTask

    new: list[ScheduleEntry] = []
    changed: list[ScheduleEntry] = []
    names = set()
    for pk, name, task, *form in PeriodicTask.objects.values_list("pk", "name", "task", *_FORM):
        names.add(name)
        row = rows.get(name)
        digest = hashlib.sha256(repr(form).encode()).hexdigest()
        if row is not None and (row.entry_id, row.task, row.form) == (pk, task, digest):
            continue
        kept = row or ScheduleEntry(name=name)
        if kept.form != digest:
            _begin(kept, digest, enabled=bool(form[0]), now=now)
        kept.entry_id, kept.task = pk, task
        (changed if row is not None else new).append(kept)
    _put_in_words([*new, *changed])
    return Changes(new, changed, [row for name, row in rows.items() if name not in names])


def _begin(row: ScheduleEntry, form: str, *, enabled: bool, now: datetime) -> None:
    row.form, row.enabled, row.anchor = form, enabled, now
    row.expected, row.due, row.problem = None, now if enabled else None, ""
    row.state = EntryState.OK if enabled else EntryState.DISABLED


def _put_in_words(rows: Iterable[ScheduleEntry]) -> None:
    by_name = {row.name: row for row in rows}
    for entry in tasks(by_name):
        by_name[entry.name].words = words(entry)[:_MAX_TEXT]


def is_watched(name: str, config: Config) -> bool:
    """Say whether the slots of an entry are judged."""
    return not any(fnmatchcase(name, pattern) for pattern in config.schedule_unwatched)


def tasks(names: Iterable[str]) -> Iterable[Any]:
    """Return django-celery-beat's entries of some names, with their schedules."""
    wanted = list(names)
    if not wanted:
        return ()
    from django_celery_beat.models import PeriodicTask

    found: Iterable[Any] = PeriodicTask.objects.filter(name__in=wanted).select_related(*RELATED)
    return found


def words(entry: Any) -> str:
    """Say when an entry is due, in words."""
    asked: Model | None = entry.scheduler
    if asked is None:
        return "never"
    said = str(getattr(asked, "human_readable", asked))
    return f"once, {said}" if entry.one_off else said


def timetables(rows: Iterable[ScheduleEntry]) -> dict[str, Timetable | Exception]:
    """Return by name when entries are due, or what is wrong with their schedule."""
    found: dict[str, Timetable | Exception] = {}
    for entry in tasks(row.name for row in rows):
        try:
            found[entry.name] = timetable.of(entry)
        except Exception as error:  # beat stumbles over it as well, and never runs this entry
            found[entry.name] = error
    return found


def problem(error: Exception) -> str:
    """Say what is wrong with a schedule."""
    return f"{type(error).__name__}: {error}"[:_MAX_TEXT]
