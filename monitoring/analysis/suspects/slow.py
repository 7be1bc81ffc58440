"""What slow requests, tasks or operations of a time have in common that others have not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import router
from django.db.models import Q

from monitoring.analysis.releases import reading
from monitoring.analysis.releases.onset import Began
from monitoring.performance.models import SlowSample

from . import runs
from .features import of_context, session_of
from .group import Findings, note_of
from .judging import LEAST_CASES, LEAST_REST, SESSION, Features, Tally, judge, tallies
from .spread import evenly

EARLIER = "the day before"
OTHERS = "what else was slow then"
_DAY = timedelta(hours=24)
_MOST = 600
_COLUMNS = ("at", "service", "context")


def findings(kind: str, name: str, since: datetime, until: datetime, alias: str | None = None) -> Findings:
    """Find out what the slow samples of a time have in common, and after which release it became slow.

    Runs of a task are compared with its runs that succeeded in time. Of requests and operations nobody keeps the ones
    that were fast: they are compared with the samples of the same name of the day before, and with other names' of the
    same time.

    Args:
        kind: `request`, `operation` or `task`.
        name: What was slow.
        since: From when on it was slow.
        until: Until when.
        alias: The database; the one for reading unless given.
    """
    alias = alias or router.db_for_read(SlowSample)
    mine = Q(kind=kind, name=name)
    samples = _samples(mine, since, until, alias)
    cases = [_features(at, context) for at, _, context in samples]
    counted: list[Tally] = []
    compared: dict[str, int] = {}
    if len(cases) >= LEAST_CASES:
        if kind == "task":
            succeeded = runs.that_succeeded(name, since, until, alias)
            compared[runs.SUCCEEDED] = len(succeeded)
            if len(succeeded) >= LEAST_REST:
                ids = [str(context.get("task_id", "")) for _, _, context in samples]
                counted += tallies(runs.SUCCEEDED, runs.of_tasks(ids, since, until + _DAY, alias), succeeded)
        for words, condition, begin, end in (
            (EARLIER, mine, since - _DAY, since),
            (OTHERS, Q(kind=kind) & ~Q(name=name), since, until),
        ):
            rest = [_features(at, context) for at, _, context in _samples(condition, begin, end, alias)]
            compared[words] = len(rest)
            counted += tallies(words, cases, rest)
    began = _began(mine, samples, since, alias)
    return Findings(since, until, len(cases), compared, began, judge(counted), note_of(len(cases), compared))


def _began(mine: Q, samples: Sequence[Any], since: datetime, alias: str) -> Began | None:
    """Return after which release it became slow; None where it was so the day before, or no release was near."""
    before = SlowSample.objects.using(alias).filter(mine, at__gt=since - _DAY, at__lte=since)
    if not samples or before.exists():
        return None
    first, service, context = min(samples, key=lambda one: one[0])
    return reading.after(first, service, str(context.get("environment", "")), alias)


def _samples(condition: Q, since: datetime, until: datetime, alias: str) -> Sequence[Any]:
    def read(begin: datetime, end: datetime, most: int) -> list[Any]:
        rows = SlowSample.objects.using(alias).filter(condition, at__gt=begin, at__lte=end)
        return list(rows.order_by("-at").values_list(*_COLUMNS)[:most])

    found = evenly(read, since, until, _MOST)
    return [(at, service, context if isinstance(context, dict) else {}) for at, service, context in found]


def _features(at: datetime, context: dict[str, Any]) -> Features:
    own = ("release", "environment", "worker")
    return {
        **of_context(context),
        **{key: str(context[key])[:200] for key in own if context.get(key)},
        "user": (user := str(context.get("user_id", ""))),
        SESSION: session_of(at, user),
    }
