"""Whether a window is unusual, measure by measure. Pure functions.

Three things have to come together: there is enough of it, the difference is worth telling, and it is hardly chance. The
chance is that of everything that was looked at together (Bonferroni's correction): with `ALARMS` of a thousandth, one
look in a thousand tells of something where nothing is, however many series there are, as far as counts are what the
model says they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from . import tails
from .hours import Level
from .kinds import Measure
from .usual import Usual, UsualQueue
from .windows import QueueWindow, Window

ALARMS = 1e-3
"""False alarms of one look at everything, at most."""
_HALF = 0.5
"""What is so far on the way to being worth telling is not as usual either, and ends nothing."""
_LASTING = 0.01
"""A chance up to which the last minutes are so by themselves, and not as usual again."""
_LEAST_ERRORS = 5
_RATE_FACTOR, _RATE_MORE = 2.0, 0.01
_COUNT_FACTOR = 3.0
_SLOWER, _SLOWER_SECONDS = 1.5, 0.01
_LEAST_EXPECTED, _LEAST_RISEN = 20.0, 50
_LEAST_RUNS = 20
"""Runs from which the short window can speak against the long one."""
_THROUGHPUT_FACTOR = {Level.WEEK: 2.0, Level.DAY: 5.0, Level.RECENT: 5.0}
"""So many times more or less is worth telling; more where weekends are not known."""
_QUEUE_FACTOR, _LEAST_DEPTH, _LEAST_AGE = 2.0, 50, 60.0
_LEAST_HOURS = 6
"""Hours that the spread of durations and queues is taken from at least."""
_NOISE_P50, _NOISE_P95 = 1.2533, 2.113
"""Standard error of a quantile of n normal values of deviation 1, times √n."""


class Verdict(Enum):
    """What a look says of a measure."""

    UNUSUAL = "unusual"
    RAISED = "raised"
    CALM = "calm"
    UNKNOWN = "unknown"


class Look(NamedTuple):
    """What was found of one measure.

    Attributes:
        value: What was measured: a part, seconds, or a number in the window.
        expected: What is usual.
        chance: How probable that is or something rarer, were all as usual; for one comparison.
        what: `p50` or `p95` for durations.
    """

    measure: Measure
    minutes: int
    verdict: Verdict
    value: float = 0.0
    expected: float = 0.0
    chance: float = 1.0
    what: str = ""


class _Finding(NamedTuple):
    """A difference that is to be weighed: how far it is on the way to being worth telling (1), and its chance."""

    size: float
    chance: float


def judge(usual: Usual, short: Window, long: Window, comparisons: int) -> list[Look]:
    """Judge a series.

    Args:
        usual: What is usual in this hour.
        short: Its last minutes.
        long: More of them.
        comparisons: How many comparisons are made in this look at all series.

    Returns:
        One for each measure.
    """
    pairs = zip(_series(usual, short, comparisons), _series(usual, long, comparisons), strict=True)
    looks = [_together(one, other, short.count < _LEAST_RUNS) for one, other in pairs]
    by_measure = {look.measure: look for look in looks}
    if by_measure[Measure.ERROR_RATE].verdict is Verdict.UNUSUAL:  # it says all that the number says, and more
        by_measure[Measure.ERROR_COUNT] = by_measure[Measure.ERROR_COUNT]._replace(verdict=Verdict.CALM)
    return list(by_measure.values())


def judge_queue(usual: UsualQueue, seen: QueueWindow | None, comparisons: int) -> list[Look]:
    """Judge a queue; None for one that nobody has looked at."""
    if seen is None:
        return [Look(one, 0, Verdict.UNKNOWN) for one in (Measure.QUEUE_LENGTH, Measure.QUEUE_AGE)]
    return [
        _of_queue(Measure.QUEUE_LENGTH, usual.hours, usual.depth, seen.minutes, seen.depth, _LEAST_DEPTH, comparisons),
        _of_queue(Measure.QUEUE_AGE, usual.hours, usual.age, seen.minutes, seen.age, _LEAST_AGE, comparisons),
    ]


SERIES_COMPARISONS = 2 * 6
"""Comparisons that are made of a series: of six in each of two windows."""
QUEUE_COMPARISONS = 2


def _series(usual: Usual, seen: Window, comparisons: int) -> Iterator[Look]:
    yield _error_rate(usual, seen, comparisons)
    yield _error_count(usual, seen, comparisons)
    yield _latency(usual, seen, comparisons)
    yield _drop(usual, seen, comparisons)
    yield _rise(usual, seen, comparisons)


def _together(short: Look, long: Look, sparse: bool) -> Look:
    """Put both windows together.

    An incident is in the long window for half an hour after its end. So that it is not opened again meanwhile, by a
    few errors such as there always are, the long one counts only while the last minutes are hardly chance either, or
    too few ran in them to say.
    """
    if short.verdict is Verdict.UNKNOWN:
        return long
    lasting = short.verdict is Verdict.RAISED and (sparse or short.chance <= _LASTING)
    return long if long.verdict is Verdict.UNUSUAL and lasting else short


def _weigh(look: Look, found: _Finding, comparisons: int) -> Look:
    if found.size >= 1 and found.chance <= ALARMS / comparisons:
        verdict = Verdict.UNUSUAL
    elif found.size >= _HALF:
        verdict = Verdict.RAISED
    else:
        verdict = Verdict.CALM
    return look._replace(verdict=verdict, chance=found.chance)


def _error_rate(usual: Usual, seen: Window, comparisons: int) -> Look:
    alarming = max(_RATE_FACTOR * usual.error_rate, usual.error_rate + _RATE_MORE)
    rate = seen.errors / seen.count if seen.count else 0.0
    look = Look(Measure.ERROR_RATE, seen.minutes, Verdict.UNKNOWN, rate, usual.error_rate)
    if alarming > 1 or (not seen.errors and seen.count * alarming < _LEAST_ERRORS):
        return look if seen.count < _LEAST_RUNS else look._replace(verdict=Verdict.CALM)
    size = (rate - usual.error_rate) / (alarming - usual.error_rate)
    if seen.errors < _LEAST_ERRORS:
        size = min(size, 0.9)
    chance = tails.binomial_upper(seen.errors, seen.count, usual.error_rate) if size >= _HALF else 1.0
    return _weigh(look, _Finding(size, chance), comparisons)


def _error_count(usual: Usual, seen: Window, comparisons: int) -> Look:
    expected = usual.errors_per_minute * seen.minutes
    look = Look(Measure.ERROR_COUNT, seen.minutes, Verdict.CALM, float(seen.errors), expected)
    if usual.level is Level.RECENT:  # by day there are more of everything than by night
        return look._replace(verdict=Verdict.UNKNOWN)
    size = (seen.errors - expected) / ((_COUNT_FACTOR - 1) * expected)
    if seen.errors < _LEAST_ERRORS:
        size = min(size, 0.9)
    chance = tails.poisson_upper(seen.errors, expected) if size >= _HALF else 1.0
    return _weigh(look, _Finding(size, chance), comparisons)


def _latency(usual: Usual, seen: Window, comparisons: int) -> Look:
    unknown = Look(Measure.LATENCY, seen.minutes, Verdict.UNKNOWN)
    timing = seen.timing
    if timing is None or usual.p50 is None or usual.p95 is None or usual.timed_hours < _LEAST_HOURS:
        return unknown
    noise = timing.spread / math.sqrt(timing.timed)
    looks = [
        _slower(unknown._replace(what="p95"), usual.p95, timing.log_p95, _NOISE_P95 * noise, usual, comparisons),
        _slower(unknown._replace(what="p50"), usual.p50, timing.log_p50, _NOISE_P50 * noise, usual, comparisons),
    ]
    return min(looks, key=lambda look: (_ORDER.index(look.verdict), look.chance))


_ORDER = (Verdict.UNUSUAL, Verdict.RAISED, Verdict.CALM, Verdict.UNKNOWN)


def _slower(look: Look, usual: tuple[float, float], found: float, noise: float, whole: Usual, comparisons: int) -> Look:
    centre, spread = usual
    expected, value = math.exp(centre), math.exp(found)
    look = look._replace(value=value, expected=expected)
    size = min((found - centre) / math.log(_SLOWER), (value - expected) / _SLOWER_SECONDS)
    if size < _HALF:
        return look._replace(verdict=Verdict.CALM)
    score = (found - centre) / math.hypot(spread, noise)
    return _weigh(look, _Finding(size, tails.student_upper(score, whole.timed_hours - 1)), comparisons)


def _drop(usual: Usual, seen: Window, comparisons: int) -> Look:
    expected = usual.per_minute * seen.minutes
    look = Look(Measure.THROUGHPUT_DROP, seen.minutes, Verdict.UNKNOWN, float(seen.count), expected)
    if expected < _LEAST_EXPECTED:
        return look
    size = (1 - seen.count / expected) / (1 - 1 / _THROUGHPUT_FACTOR[usual.level])
    chance = tails.clustered_lower(seen.count, expected, usual.count_spread) if size >= _HALF else 1.0
    return _weigh(look, _Finding(size, chance), comparisons)


def _rise(usual: Usual, seen: Window, comparisons: int) -> Look:
    expected = max(usual.per_minute * seen.minutes, 1.0)
    look = Look(Measure.THROUGHPUT_RISE, seen.minutes, Verdict.CALM, float(seen.count), expected)
    size = (seen.count / expected - 1) / (_THROUGHPUT_FACTOR[usual.level] - 1)
    if seen.count < _LEAST_RISEN:
        size = min(size, 0.9)
    chance = tails.clustered_upper(seen.count, expected, usual.count_spread) if size >= _HALF else 1.0
    return _weigh(look, _Finding(size, chance), comparisons)


def _of_queue(
    measure: Measure,
    hours: int,
    usual: tuple[float, float] | None,
    minutes: int,
    value: float | None,
    least: float,
    comparisons: int,
) -> Look:
    look = Look(measure, minutes, Verdict.UNKNOWN)
    if value is None or usual is None or hours < _LEAST_HOURS:
        return look
    centre, spread = usual
    expected = math.expm1(centre)
    look = look._replace(value=float(value), expected=expected)
    size = min((math.log1p(value) - centre) / math.log(_QUEUE_FACTOR), value / least)
    chance = tails.student_upper((math.log1p(value) - centre) / spread, hours - 1) if size >= _HALF else 1.0
    return _weigh(look, _Finding(size, chance), comparisons)
