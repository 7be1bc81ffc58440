"""Precision, recall, time to detect, and alerts on a quiet day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from statistics import median
from typing import NamedTuple

from monitoring.analysis.anomalies.judging import QUEUE_COMPARISONS, SERIES_COMPARISONS

from .scenes import DAY, DAYS, KINDS, SHAPES, Incident, QueueScene, Scene, queue, scene
from .watching import Alert, alerts, ways

_AFTER = 10
"""Minutes after an incident in which it may still be told of."""
_TOO_RARE = {"sparse": {"outage", "fewer", "flood", "slow at once", "slow by and by"}}
"""What cannot be seen of a series that runs once a minute."""


@dataclass
class Score:
    """How good a way of looking is."""

    incidents: int = 0
    detected: int = 0
    right: int = 0
    wrong: int = 0
    quiet: int = 0
    series: int = 0
    delays: list[int] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    told_wrongly: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The part of the alerts, quiet day included, that was about an incident."""
        told = self.right + self.wrong
        return self.right / told if told else 1.0

    @property
    def recall(self) -> float:
        """The part of the incidents that was told of."""
        return self.detected / self.incidents if self.incidents else 1.0

    @property
    def delay(self) -> float:
        """Median minutes from the beginning of an incident to the first alert."""
        return median(self.delays) if self.delays else float("nan")

    def add(self, name: str, incidents: Sequence[Incident], told: Iterable[Alert]) -> None:
        """Count the alerts of a series."""
        self.series += 1
        firsts: dict[Incident, int] = {}
        for alert in told:
            about = next((one for one in incidents if one.first < alert.opened <= one.end + _AFTER), None)
            if about is None:
                self.wrong += 1
                self.told_wrongly.append(f"{alert.measure} of {name} at minute {alert.opened}")
                self.quiet += alert.opened < 2 * DAY
            else:
                self.right += 1
                firsts[about] = min(alert.opened, firsts.get(about, alert.opened))
        for one in incidents:
            self.incidents += 1
            if one in firsts:
                self.detected += 1
                self.delays.append(firsts[one] - one.first)
            else:
                self.missed.append(f"{one.kind} of {name}")


Maker = Callable[[], Scene | QueueScene]
"""Makes a series when it is its turn: all of them together would not fit into memory."""


@dataclass(frozen=True)
class World:
    """Series and queues."""

    series: Sequence[Maker]
    queues: Sequence[Maker]


def world(seeds: Iterable[int]) -> World:
    """Plan, for every seed, each kind of incident in each shape that can show it, one quiet series each, and queues."""
    series: list[Maker] = []
    queues: list[Maker] = []
    for seed in seeds:
        for place, shape in enumerate(SHAPES):
            for other, kind in enumerate((None, *KINDS)):
                if kind not in _TOO_RARE.get(shape.name, ()):
                    series.append(partial(scene, shape, kind, seed * 1_000 + place * 10 + other))
        queues += [partial(queue, seed * 1_000 + 900 + number, number > 0) for number in range(4)]
    return World(series, queues)


def compare(made: World, first: int = DAY, end: int = DAYS * DAY, workers: int = 1) -> dict[str, Score]:
    """Look at the quiet day and at the day with incidents, in every way.

    Args:
        made: The series.
        first: The first minute that is looked at.
        end: The minute after the last.
        workers: Processes that look; what they find does not depend on how many there are.
    """
    comparisons = len(made.series) * SERIES_COMPARISONS + len(made.queues) * QUEUE_COMPARISONS
    watch = partial(_watch, comparisons=comparisons, first=first, end=end)
    scores: dict[str, Score] = defaultdict(Score)
    with _mapping(workers) as each:
        for watched in each(watch, (*made.series, *made.queues)):
            for way, told in watched.alerts.items():
                scores[way].add(watched.name, watched.incidents, told)
    return dict(scores)


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[[Callable[[Maker], _Watched], Iterable[Maker]], Iterable[_Watched]]]:
    """Yield what calls a function for each: here, or in so many processes."""
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map


class _Watched(NamedTuple):
    """A series that was looked at in every way."""

    name: str
    incidents: Sequence[Incident]
    alerts: dict[str, list[Alert]]


def _watch(make: Maker, comparisons: int, first: int, end: int) -> _Watched:
    one = make()
    return _Watched(one.name, one.incidents, {way: alerts(look, first, end) for way, look in ways(one, comparisons)})
