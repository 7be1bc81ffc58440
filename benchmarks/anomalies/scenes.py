"""Series with labelled incidents, made from a seed: four weeks of hours, and three days of minutes.

The first of the three days is for rivals to learn from, the second is quiet, and the third has one incident in most
series. What is no incident is in there as well: traffic by day and by night and less at weekends, short blips of
errors, hours that are busier than others, a job that runs once a day, and a harmless step on the third day.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitoring.analysis.anomalies.usual import QueueHours, SeriesHour
from monitoring.performance.buckets import PER_DOUBLING

DAY = 24 * 60
HISTORY_DAYS = 28
DAYS = 3
START = 2_951_424 * 10 // DAY * DAY
"""Epoch minute at which the three days begin; any would do."""
BUCKETS = (-120, 120)
"""Buckets of durations that are kept: 30 µs to 9 hours."""
_BUSY_HOURS = 0.08
"""How far hours are from what is usual, as a part of it."""
_BLIPS_A_DAY, _BLIP_MINUTES = 1.5, 2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """What a series is like."""

    name: str
    per_minute: float
    error_rate: float
    seconds: float
    swing: float = 0.0
    weekend: float = 1.0
    step: float = 1.0


@dataclass(frozen=True)
class Incident:
    """What is wrong, and when, in minutes of the three days."""

    kind: str
    first: int
    end: int


@dataclass
class Scene:
    """A series, minute by minute, with what was wrong."""

    name: str
    hours: dict[int, SeriesHour]
    count: Ints
    errors: Ints
    durations: Ints
    incidents: list[Incident] = field(default_factory=list)


@dataclass
class QueueScene:
    """A queue, minute by minute, with what was wrong."""

    name: str
    hours: dict[int, QueueHours]
    depth: Ints
    age: Floats
    incidents: list[Incident] = field(default_factory=list)


SHAPES = (
    Shape("flat", 60, 0.002, 0.08),
    Shape("busy by day", 150, 0.004, 0.12, swing=0.8, weekend=0.4),
    Shape("quiet by night", 30, 0.01, 0.3, swing=0.95, weekend=0.7),
    Shape("slow task", 12, 0.02, 4.0, swing=0.5),
    Shape("sparse", 1.0, 0.01, 0.5, swing=0.3),
    Shape("stepping", 50, 0.003, 0.1, swing=0.6, step=1.25),
    Shape("failing often", 40, 0.15, 0.2, swing=0.4),
    Shape("flawless", 80, 0.0, 0.03, swing=0.6, weekend=0.5),
)
Change = Callable[[float], float]
"""How much of something there is, by the part of the incident that is over, 0 to 1."""


@dataclass(frozen=True)
class Kind:
    """A kind of incident: how long it lasts, what more fails, how much slower, and how many more or fewer there are."""

    minutes: int
    failing: Change = lambda _part: 0.0
    slower: Change = lambda _part: 1.0
    runs: Change = lambda _part: 1.0


KINDS: dict[str, Kind] = {
    "error burst": Kind(15, failing=lambda _part: 0.35),
    "errors that grow": Kind(120, failing=lambda part: 0.25 * part),
    "slow at once": Kind(30, slower=lambda _part: 4.0),
    "slow by and by": Kind(180, slower=lambda part: 1 + 4 * part),
    "outage": Kind(20, runs=lambda _part: 0.0),
    "fewer": Kind(40, runs=lambda _part: 0.2),
    "flood": Kind(20, runs=lambda _part: 6.0),
}
QUEUE_INCIDENT = "backlog"


def scene(shape: Shape, kind: str | None, seed: int) -> Scene:
    """Make a series, with an incident of a kind on the third day unless None."""
    random = np.random.default_rng(seed)
    minutes = np.arange(DAYS * DAY)
    rate = _rates(shape, START + minutes, random)
    rate[2 * DAY + 9 * 60 :] *= shape.step
    failing = np.full(len(minutes), shape.error_rate)
    slower = np.ones(len(minutes))
    slower[2 * DAY + 9 * 60 :] *= 1 + (shape.step - 1) / 2
    _blips(failing, shape, random)
    incidents = []
    if kind is not None:
        first = 2 * DAY + int(random.integers(10 * 60, 17 * 60))
        found = Incident(kind, first, first + KINDS[kind].minutes)
        parts = np.linspace(0, 1, found.end - found.first)
        failing[first : found.end] = np.minimum(1, failing[first : found.end] + [KINDS[kind].failing(p) for p in parts])
        slower[first : found.end] *= [KINDS[kind].slower(p) for p in parts]
        rate[first : found.end] *= [KINDS[kind].runs(p) for p in parts]
        incidents.append(found)
    count = random.poisson(rate)
    return Scene(
        f"{shape.name} {seed}",
        _history(shape, random),
        count,
        random.binomial(count, failing),
        _durations(shape, count, slower, random),
        incidents,
    )


def queue(seed: int, backlog: bool) -> QueueScene:
    """Make a queue that is longer by day, and fills up for an hour when there is an incident."""
    random = np.random.default_rng(seed)
    usual = float(random.choice([2, 20, 80]))
    size = (HISTORY_DAYS + DAYS) * DAY
    load = 1 + 0.8 * np.sin(2 * np.pi * (np.arange(size) % DAY) / DAY - np.pi / 2)
    depth = random.poisson(usual * load * np.exp(random.normal(0, 0.3, size)))
    age = depth / usual * np.exp(random.normal(0, 0.3, size))
    incidents = []
    if backlog:
        first = size - DAY + int(random.integers(10 * 60, 17 * 60))
        grown = np.minimum(np.arange(90), 60) * 15
        depth[first : first + 90] += grown
        age[first : first + 90] += grown / 3
        incidents.append(Incident(QUEUE_INCIDENT, first - HISTORY_DAYS * DAY, first - HISTORY_DAYS * DAY + 90))
    past = HISTORY_DAYS * DAY
    hours = {
        START - past + start: QueueHours(int(depth[start : start + 60].max()), float(age[start : start + 60].max()))
        for start in range(0, size, 60)
    }
    return QueueScene(f"queue {seed}", hours, depth[past:], age[past:], incidents)


def _rates(shape: Shape, minutes: Ints, random: np.random.Generator) -> Floats:
    """Return the runs a minute: by hour of the day, less at weekends, and some hours busier than others."""
    days = minutes // DAY
    wave = 1 - shape.swing * 0.5 * (1 + np.cos(2 * np.pi * (minutes % DAY) / DAY))
    weekly = np.where(days % 7 >= 5, shape.weekend, 1.0)
    hours = np.exp(random.normal(0, _BUSY_HOURS, len(minutes) // 60 + 1))[(minutes - minutes[0]) // 60]
    return np.asarray(shape.per_minute * wave * weekly * hours, dtype=np.float64)


def _blips(failing: Floats, shape: Shape, random: np.random.Generator) -> None:
    """Let more fail for a moment now and then, as in every system."""
    for _ in range(random.poisson(_BLIPS_A_DAY * DAYS)):
        first = int(random.integers(0, len(failing)))
        failing[first : first + _BLIP_MINUTES] += 3 * shape.error_rate


def _history(shape: Shape, random: np.random.Generator) -> dict[int, SeriesHour]:
    """Return the hours of the weeks before, whose quantiles have the error of the durations that they are of."""
    minutes = START - HISTORY_DAYS * DAY + np.arange(HISTORY_DAYS * DAY)
    runs = random.poisson(_rates(shape, minutes, random).reshape(-1, 60).sum(axis=1))
    errors = random.binomial(runs, np.minimum(1, shape.error_rate * np.exp(random.normal(0, 0.3, len(runs)))))
    hours = {}
    for place, (count, failed) in enumerate(zip(runs.tolist(), errors.tolist(), strict=True)):
        if count:
            noise = _SPREAD / math.sqrt(count) * random.normal(size=2) + random.normal(0, 0.05)
            half, most = math.log(shape.seconds) + noise * (1.25, 2.1) + (0, 1.645 * _SPREAD)
            timed = (float(half), float(most)) if count >= 20 else (None, None)
            hours[int(minutes[0]) + place * 60] = SeriesHour(count, failed, *timed)
    return hours


_SPREAD = 0.5
"""Standard deviation of the logarithm of durations."""


def _durations(shape: Shape, count: Ints, slower: Floats, random: np.random.Generator) -> Ints:
    """Return how many durations of each minute are in each bucket."""
    low, high = BUCKETS
    minute = np.repeat(np.arange(len(count)), count)
    drift = np.repeat(np.exp(random.normal(0, 0.05, len(count) // 60)), 60)
    logs = random.normal(0, _SPREAD, len(minute)) + np.log(shape.seconds * slower * drift)[minute]
    buckets = np.clip(np.ceil(logs / math.log(2) * PER_DOUBLING), low, high - 1).astype(np.int64) - low
    flat = np.bincount(minute * (high - low) + buckets, minlength=len(count) * (high - low))
    return np.asarray(flat.reshape(len(count), high - low), dtype=np.int64)
