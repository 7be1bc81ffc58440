"""What the errors of a group have in common that others have not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import router

from monitoring.analysis.releases import reading
from monitoring.analysis.releases.onset import Began
from monitoring.errors.groups import totals
from monitoring.errors.groups.models import ErrorGroup

from . import errors, runs, traffic
from .judging import LEAST_CASES, LEAST_REST, SESSION, Suspect, Tally, counted, judge, tallies

HOURS = 24
OTHER_ERRORS = "the service's other errors"
_BY_RUNS = ("user", "worker")
ROUTE = "route"
_MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class Findings:
    """What was found out about a group, or about a slow time.

    Attributes:
        since: From when on was looked.
        until: Until when.
        cases: How many errors, or slow samples, were looked at.
        compared: With how many of what they were compared, by words for what that is.
        began: After which release it began; None where none was near.
        suspects: What is met more often, what explains most first.
        note: Why nothing could be found out; empty where it could.
    """

    since: datetime
    until: datetime
    cases: int
    compared: dict[str, int]
    began: Began | None = None
    suspects: Sequence[Suspect] = field(default_factory=tuple)
    note: str = ""


class UnknownError(Exception):
    """There is no such group."""


def findings(group_id: int, hours: int = HOURS, alias: str | None = None) -> Findings:
    """Find out what a group's errors have in common, and after which release they began.

    The work is bounded: some hundred rows are read of either side, whatever the size of the group.

    Args:
        group_id: The group; one that is merged into another is looked at with it.
        hours: How far back from its last error.
        alias: The database; the one for reading unless given.

    Raises:
        UnknownError: There is no such group.
    """
    alias = alias or router.db_for_read(ErrorGroup)
    rows = (
        ErrorGroup.objects.using(alias).select_related("merged_into").defer("users_sketch", "merged_into__users_sketch")
    )
    group = rows.filter(pk=group_id).first() if group_id <= _MAX_ID else None
    if group is None:
        raise UnknownError(f"There is no group {group_id}.")
    group = group.merged_into or group
    sums = totals.of([group.pk], alias)[group.pk]
    family = [group.pk, *(member.pk for member in sums.members)]
    since, until = errors.window(sums.last_seen, hours)
    seen = errors.of_groups(family, since, until, alias)
    began = reading.of_group(group, sums.first_seen, alias)
    tallied, compared = _compared(group, family, seen, since, until, alias)
    return Findings(since, until, len(seen), compared, began, judge(tallied), note_of(len(seen), compared))


def note_of(cases: int, compared: dict[str, int]) -> str:
    """Say why nothing could be compared; nothing where something could."""
    if cases < LEAST_CASES:
        return f"Too few to judge by: {cases}, of at least {LEAST_CASES}."
    if max(compared.values(), default=0) < LEAST_REST:
        return f"There is too little to compare them with: of at least {LEAST_REST}."
    return ""


def _compared(
    group: ErrorGroup, family: Sequence[int], seen: Sequence[errors.Seen], since: datetime, until: datetime, alias: str
) -> tuple[list[Tally], dict[str, int]]:
    """Return counts by dimension, and with how many of what the errors are compared."""
    found: list[Tally] = []
    compared: dict[str, int] = {}
    if len(seen) < LEAST_CASES:
        return found, compared
    known_by_runs: tuple[str, ...] = ()
    tasks = [one.task_id for one in seen if one.task_id and one.name == group.name]
    if len(tasks) >= LEAST_CASES:
        succeeded = runs.that_succeeded(group.name, since, until, alias)
        compared[runs.SUCCEEDED] = len(succeeded)
        if len(succeeded) >= LEAST_REST:
            found += tallies(runs.SUCCEEDED, runs.of_tasks(tasks, since, until, alias), succeeded)
            known_by_runs = _BY_RUNS
    others = errors.of_others(family, group.service, since, until, alias)
    compared[OTHER_ERRORS] = len(others)
    found += tallies(
        OTHER_ERRORS, [one.features for one in seen], [one.features for one in others], without=known_by_runs
    )
    routes = traffic.requests(group.service, since, until, alias)
    if routes.total():
        here = [{ROUTE: one.name, SESSION: one.features[SESSION]} for one in seen if one.name in routes]
        compared[traffic.REQUESTS] = routes.total()
        found.append(Tally(ROUTE, traffic.REQUESTS, counted(here).get(ROUTE, Counter()), routes))
    return found, compared
