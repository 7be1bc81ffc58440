"""Forecasts of every series, once in a quarter of an hour: a fixed number of queries, whatever there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from django.db import router, transaction
from django.db.models import Count, F, Min, Sum

from monitoring.analysis.watched import watched
from monitoring.conf import Config
from monitoring.performance.models import DayRollup, HourRollup, MinuteRollup
from monitoring.storage.names import Name

from . import learning
from .learning import WINDOW, Memory, Season
from .models import Forecast

_LATE = 60
"""Seconds after which a window is complete."""
_BACK = 47 * 60 // WINDOW
"""So many windows back is learned from at most: those of which minutes are kept."""
_HOUR, _DAY, _WEEK = 60, 24 * 60, 7 * 24 * 60
_WEEKS, _LEAST_WEEKS = 4, 2
_CHUNK, _BATCH = 2_000, 200
_WRITTEN = [field.name for field in Forecast._meta.concrete_fields if not field.primary_key]

Had = Mapping[int, bool]
"""Whether a window had errors, by its number; none of a window in which nothing ran."""


class _Begun(NamedTuple):
    """What is known of a series before the windows that are to be scored."""

    memory: Memory
    first: int
    situation: str


def forecast(config: Config, now: datetime) -> int:
    """Score the forecasts of windows that are over, and make those of the one that has begun.

    Returns:
        How many there are now; 0 when that was done already.
    """
    current = int((now.timestamp() - _LATE) // 60) // WINDOW
    using = router.db_for_write(Forecast)
    stored = {row.name_id: row for row in Forecast.objects.using(using).all()}
    if any(row.window >= current * WINDOW for row in stored.values()):
        return 0
    names = _busiest(current, config)
    known = {pk: row for pk, row in stored.items() if pk in names}
    first = max(current - _BACK, min((row.window // WINDOW for row in known.values()), default=current))
    had = {**_windows(known, first, current), **_windows(names.keys() - known.keys(), current - _BACK, current)}
    season = _seasons(list(names), current * WINDOW)
    rows = [
        _next(name, _begin(known.get(pk), current), had.get(pk, {}), current, season(pk)) for pk, name in names.items()
    ]
    with transaction.atomic(using=using):
        Forecast.objects.using(using).exclude(name_id__in=list(names)).delete()
        Forecast.objects.using(using).bulk_create(
            rows, batch_size=_BATCH, update_conflicts=True, unique_fields=["name_id"], update_fields=_WRITTEN
        )
    return len(rows)


def _busiest(current: int, config: Config) -> dict[int, Name]:
    """Return the series that ran most often in the last two days."""
    names = watched(config).values("pk")
    rows = MinuteRollup.objects.filter(start__gte=(current - _BACK) * WINDOW, name_id__in=names).order_by()
    ranked = rows.values_list("name_id").annotate(runs=Sum("count")).order_by("-runs", "name_id")
    return Name.objects.in_bulk([pk for pk, _ in ranked[: config.anomaly_series]])


def _windows(ids: Collection[int], first: int, end: int) -> dict[int, dict[int, bool]]:
    """Return which windows had errors, of some series."""
    rows = MinuteRollup.objects.filter(start__gte=first * WINDOW, start__lt=end * WINDOW, name_id__in=list(ids))
    grouped = rows.annotate(window=F("start") / WINDOW).order_by().values_list("name_id", "window")
    found: dict[int, dict[int, bool]] = defaultdict(dict)
    for pk, window, errors in grouped.annotate(Sum("errors")).iterator(_CHUNK):
        found[pk][window] = errors > 0
    return found


def _seasons(ids: list[int], minute: int) -> Callable[[int], Season]:
    """Compare the hour of the week of a minute with all hours, by the last four weeks."""
    hour = minute // _HOUR * _HOUR
    days = DayRollup.objects.filter(name_id__in=ids, start__gte=hour - _WEEKS * _WEEK, start__lt=hour).order_by()
    whole = {pk: rest for pk, *rest in days.values_list("name_id").annotate(Sum("errors"), Min("start"), Count("pk"))}
    hours = HourRollup.objects.filter(name_id__in=ids, start__in=[hour - week * _WEEK for week in range(1, _WEEKS + 1)])
    here = dict(hours.order_by().values_list("name_id").annotate(Sum("errors")))

    def season(pk: int) -> Season:
        errors, first, number = whole.get(pk, (0, hour, 0))
        weeks = (hour - first) // _WEEK
        if weeks < _LEAST_WEEKS or not number:
            return Season.SAME
        return learning.season(here.get(pk, 0) / weeks, errors * _HOUR / (hour - first))

    return season


def _begin(row: Forecast | None, current: int) -> _Begun:
    if row is None:
        return _Begun(Memory(), current - _BACK, "")
    first = row.window // WINDOW
    if first < current - _BACK:  # nobody knows how the windows since then were
        return _Begun(msgspec.convert(row.memory, Memory), current - _BACK, "")
    return _Begun(msgspec.convert(row.memory, Memory), first, row.situation)


def _next(name: Name, begun: _Begun, had: Had, current: int, season: Season) -> Forecast:
    """Learn from the windows that are over, and make the forecast of the next."""
    memory, now = begun.memory, begun.situation
    for window in range(begun.first, current):
        learning.learn(memory, now or learning.situation(memory, Season.SAME), had.get(window))
        now = ""
    now = learning.situation(memory, season)
    return Forecast(
        name_id=name.pk,
        of=name.kind,
        service=name.service,
        name=name.name,
        window=current * WINDOW,
        probability=learning.forecast(memory, now),
        base=learning.base(memory),
        situation=now,
        windows=memory.scored,
        squares=memory.squares / memory.scored if memory.scored else 0.0,
        base_squares=memory.base_squares / memory.scored if memory.scored else 0.0,
        useful=learning.is_useful(memory),
        memory=msgspec.to_builtins(memory),
    )
