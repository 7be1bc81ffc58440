"""A look at everything: what is unusual now, and what became of what was; in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from django.db import router, transaction

from monitoring.conf import Config
from monitoring.jobs.queues.models import NAME_KIND

from . import hysteresis, learning, reading, telling, words
from .frozen import Series
from .hysteresis import Course
from .judging import QUEUE_COMPARISONS, SERIES_COMPARISONS, Look, Verdict, judge, judge_queue
from .kinds import Ending, Measure, State
from .models import Anomaly, Baseline
from .usual import Usual, UsualQueue

_LATE = 10
"""Seconds after which a minute is complete: what was recorded in it is in the database."""
_COURSE = ("state", "unusual", "calm", "unknown", "ending")
_MEASURED = ("value", "expected", "chance", "says", "evidence", "seen")
_CHANGING = [*_COURSE, *_MEASURED, "opened", "closed"]
_MISSING = (Measure.THROUGHPUT_DROP,)
_BATCH = 500


class _Judged(NamedTuple):
    """A look at one measure of one series, and with what it was compared."""

    series: Series
    look: Look
    usual: Usual | UsualQueue


@dataclass(frozen=True)
class Done:
    """What a look did.

    Attributes:
        comparisons: How many comparisons it made.
        opened: Anomalies that it opened.
        closed: Anomalies that it closed.
    """

    comparisons: int = 0
    opened: int = 0
    closed: int = 0


def look(config: Config, now: datetime) -> Done:
    """Judge every series, and open and close anomalies; with the setting `off`, close those that are open.

    Args:
        config: The mode, and how many series.
        now: The moment.
    """
    if config.anomalies == "off":
        done = Done(closed=_switch_off(now))
    else:
        learning.learn(config, now)
        done = _look(now)
    telling.tell(config.anomalies == "alert", now)
    return done


def _look(now: datetime) -> Done:
    using = router.db_for_write(Anomaly)
    baselines = {row.name_id: row for row in Baseline.objects.using(using).all()}
    queues = [pk for pk, row in baselines.items() if row.of == NAME_KIND]
    series = [pk for pk, row in baselines.items() if row.of != NAME_KIND]
    comparisons = max(1, len(series) * SERIES_COMPARISONS + len(queues) * QUEUE_COMPARISONS)
    seen = reading.read(series, queues, int((now.timestamp() - _LATE) // 60))
    judged = {
        (one.series, str(one.look.measure)): one for row in baselines.values() for one in _judge(row, seen, comparisons)
    }
    known = {_key(row): row for row in Anomaly.objects.using(using).exclude(state=State.CLOSED)}
    fresh = [
        _begin(one, comparisons, now)
        for key, one in judged.items()
        if one.look.verdict is Verdict.UNUSUAL and key not in known
    ]
    gone: list[Anomaly] = []
    changed: list[Anomaly] = []
    for key, row in known.items():
        (changed if _go_on(row, judged.get(key), comparisons, now) else gone).append(row)
    with transaction.atomic(using=using):
        rows = Anomaly.objects.using(using)
        rows.bulk_create(fresh, batch_size=_BATCH, ignore_conflicts=True)
        # In a storm of anomalies this takes a fraction of what `bulk_update` does, which asks row by row.
        rows.bulk_create(
            changed, batch_size=_BATCH, update_conflicts=True, unique_fields=["id"], update_fields=_CHANGING
        )
        rows.filter(pk__in=[row.pk for row in gone], state=State.SUSPECTED).delete()
    return Done(
        comparisons,
        opened=sum(row.opened == now for row in changed),
        closed=sum(row.state == State.CLOSED for row in changed),
    )


def _judge(row: Baseline, seen: reading.Seen, comparisons: int) -> Iterator[_Judged]:
    series, pk = Series(row.of, row.service, row.name), row.name_id
    usual: Usual | UsualQueue
    if row.of == NAME_KIND:
        usual = msgspec.convert(row.usual, UsualQueue)
        looks = judge_queue(usual, seen.queues.get(pk), comparisons)
    else:
        usual = msgspec.convert(row.usual, Usual)
        looks = judge(usual, seen.short[pk], seen.long[pk], comparisons)
    for one in looks:
        hidden = seen.blind and one.measure in _MISSING
        yield _Judged(series, one._replace(verdict=Verdict.UNKNOWN) if hidden else one, usual)


def _begin(one: _Judged, comparisons: int, now: datetime) -> Anomaly:
    row = Anomaly(measure=one.look.measure.value, **one.series._asdict(), started=now)
    _measure(row, one, comparisons, now)
    _write(row, hysteresis.begin())
    return row


def _go_on(row: Anomaly, one: _Judged | None, comparisons: int, now: datetime) -> bool:
    """Go on with an anomaly; return whether it stays. What has no baseline any more cannot be judged."""
    verdict = Verdict.UNKNOWN if one is None else one.look.verdict
    lasting = (now - row.opened).total_seconds() / 60 if row.opened else 0.0
    course = hysteresis.step(Course(State(row.state), row.unusual, row.calm, row.unknown), verdict, lasting)
    if course is None:
        return False
    if one is not None and verdict is Verdict.UNUSUAL:
        _measure(row, one, comparisons, now)
    if course.state is State.OPEN and row.opened is None:
        row.opened = now
    if course.state is State.CLOSED:
        row.closed = now
    _write(row, course)
    return True


def _write(row: Anomaly, course: Course) -> None:
    for name in _COURSE:
        setattr(row, name, getattr(course, name))
    row.state = course.state.value


def _measure(row: Anomaly, one: _Judged, comparisons: int, now: datetime) -> None:
    """Note what was seen."""
    found, usual = one.look, one.usual
    row.seen, row.value, row.expected, row.chance = now, found.value, found.expected, found.chance
    row.says = words.say(found, words.subject(*one.series), usual.level, usual.hours, comparisons)
    row.evidence = {
        "brief": words.brief(found),
        "window_minutes": found.minutes,
        "compared_with": usual.level.value,
        "hours": usual.hours,
        "comparisons": comparisons,
        **({"quantile": found.what} if found.what else {}),
    }


def _key(row: Anomaly) -> tuple[Series, str]:
    return Series(row.of, row.service, row.name), row.measure


def _switch_off(now: datetime) -> int:
    """Close what is open, and forget what was suspected."""
    rows: Any = Anomaly.objects.using(router.db_for_write(Anomaly))
    rows.filter(state=State.SUSPECTED).delete()
    values = {"state": State.CLOSED.value, "ending": Ending.OFF.value, "closed": now.astimezone(UTC)}
    closed: int = rows.filter(state=State.OPEN).update(**values)
    return closed
