"""The three that are compared, each looking once a minute: Enginel's, a fixed threshold, and mean ± 3 sigma.

All of them see the same windows, open after two looks in a row and close after five, so that what is compared is what
they call unusual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from monitoring.analysis.anomalies import hysteresis, usual
from monitoring.analysis.anomalies.hours import choose
from monitoring.analysis.anomalies.hysteresis import Course
from monitoring.analysis.anomalies.judging import Look, Verdict, judge, judge_queue
from monitoring.analysis.anomalies.kinds import State
from monitoring.analysis.anomalies.usual import SeriesHour
from monitoring.analysis.anomalies.windows import LONG, SHORT, QueueWindow, Timing, Window, timing

from .scenes import BUCKETS, DAY, HISTORY_DAYS, START, QueueScene, Scene

Looks = dict[str, Verdict]
Looker = Callable[[int], Looks]
"""Says what is unusual at the end of a minute."""


class Alert(NamedTuple):
    """What was opened, and when, in minutes of the three days."""

    measure: str
    opened: int


def alerts(look: Looker, first: int, end: int) -> list[Alert]:
    """Look once a minute, and return what was opened."""
    courses: dict[str, Course] = {}
    opened: dict[str, int] = {}
    found = []
    for minute in range(first, end):
        for measure, verdict in look(minute).items():
            before = courses.get(measure)
            if before is None:
                if verdict is Verdict.UNUSUAL:
                    courses[measure] = hysteresis.begin()
                continue
            after = hysteresis.step(before, verdict, minute - opened.get(measure, minute))
            if after is None or after.state is State.CLOSED:
                del courses[measure]
                continue
            courses[measure] = after
            if before.state is State.SUSPECTED and after.state is State.OPEN:
                opened[measure] = minute
                found.append(Alert(measure, minute))
    return found


class Minutes:
    """The windows of a series, from sums of all minutes before."""

    def __init__(self, scene: Scene) -> None:
        self._count = _summed(scene.count)
        self._errors = _summed(scene.errors)
        self._durations = _summed(scene.durations)
        self._known: dict[tuple[int, int], Window] = {}

    def window(self, end: int, minutes: int) -> Window:
        """Return the window that ends with a minute."""
        key = (end, minutes)
        if key not in self._known:
            self._known[key] = self._window(end, minutes)
        return self._known[key]

    def _window(self, end: int, minutes: int) -> Window:
        first = max(0, end - minutes)
        buckets = self._durations[end] - self._durations[first]
        counts = {int(place) + BUCKETS[0]: int(buckets[place]) for place in np.flatnonzero(buckets)}
        count, errors = (int(sums[end] - sums[first]) for sums in (self._count, self._errors))
        return Window(minutes, count, errors, timing(counts))


def _summed(values: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.concatenate([np.zeros((1, *values.shape[1:]), np.int64), np.cumsum(values, axis=0)])


def enginel(scene: Scene, minutes: Minutes, comparisons: int) -> Looker:
    """Judge as Enginel does, with what was usual in the four weeks before."""
    hours = scene.hours
    alive = set(range(START - HISTORY_DAYS * DAY, START, 60))
    known: dict[int, usual.Usual | None] = {}

    def look(minute: int) -> Looks:
        hour = (START + minute) // 60 * 60
        if hour not in known:
            chosen = choose(hour, hours, alive, lambda _start: False, lambda _start: SeriesHour())
            known[hour] = None if chosen is None else usual.of_series(chosen)
        baseline = known[hour]
        if baseline is None:
            return {}
        found = judge(baseline, minutes.window(minute, SHORT), minutes.window(minute, LONG), comparisons)
        return _verdicts(found)

    return look


def enginel_queue(scene: QueueScene, comparisons: int) -> Looker:
    """Judge a queue as Enginel does."""
    known: dict[int, usual.UsualQueue | None] = {}

    def look(minute: int) -> Looks:
        hour = (START + minute) // 60 * 60
        if hour not in known:
            past = {start: one for start, one in scene.hours.items() if start < hour}
            chosen = choose(hour, past, past, lambda _start: False, past.__getitem__)
            known[hour] = None if chosen is None else usual.of_queue(chosen)
        baseline = known[hour]
        return {} if baseline is None else _verdicts(judge_queue(baseline, queue_window(scene, minute), comparisons))

    return look


def queue_window(scene: QueueScene, minute: int) -> QueueWindow:
    """Return the last minutes of a queue."""
    last = slice(max(0, minute - SHORT), minute)
    return QueueWindow(SHORT, int(scene.depth[last].min()), float(scene.age[last].min()))


def _verdicts(found: list[Look]) -> Looks:
    return {one.measure.value: one.verdict for one in found}


Values = dict[str, tuple[float, bool]]
"""What is measured in a window, by its name, and whether less of it is bad too."""


def _values(window: Window) -> Values:
    found: Values = {"throughput": (float(window.count), True)}
    if window.count >= 20:
        found["error_rate"] = (window.errors / window.count, False)
    if isinstance(window.timing, Timing):
        found["latency"] = (math.exp(window.timing.log_p95), False)
    return found


def series_values(minutes: Minutes) -> Callable[[int], Values]:
    """Return what rivals measure of a series."""
    return lambda minute: _values(minutes.window(minute, SHORT))


def queue_values(scene: QueueScene) -> Callable[[int], Values]:
    """Return what rivals measure of a queue."""

    def values(minute: int) -> Values:
        window = queue_window(scene, minute)
        return {"queue_length": (float(window.depth), False), "queue_age": (window.age or 0.0, False)}

    return values


FIXED = {"error_rate": 0.05, "latency": 1.0, "queue_length": 500.0, "queue_age": 120.0}
"""What people write into rules that are for everything; there is none for throughput that fits two series."""


def fixed(values: Callable[[int], Values]) -> Looker:
    """Call unusual what is over the same threshold everywhere."""

    def look(minute: int) -> Looks:
        found = values(minute)
        return {
            name: Verdict.UNUSUAL if name in found and found[name][0] > limit else Verdict.CALM
            for name, limit in FIXED.items()
        }

    return look


def three_sigma(values: Callable[[int], Values]) -> Looker:
    """Call unusual what is further than three standard deviations from the mean of the day before."""
    windows: dict[int, Values] = {}
    learned: dict[int, dict[str, list[float]]] = {}

    def learn(end: int) -> dict[str, list[float]]:
        """Return what was measured in the windows of a day, which is done once in an hour."""
        before: dict[str, list[float]] = {}
        for minute in range(end - DAY + SHORT, end + 1, SHORT):
            if minute not in windows:
                windows[minute] = values(minute)
            for name, (value, _) in windows[minute].items():
                before.setdefault(name, []).append(value)
        return before

    def look(minute: int) -> Looks:
        hour = minute // 60 * 60
        if hour not in learned:
            learned[hour] = learn(hour)
        return {name: _far(value, less, learned[hour].get(name, [])) for name, (value, less) in values(minute).items()}

    return look


def _far(value: float, less: bool, before: list[float]) -> Verdict:
    if len(before) < 2 * 12:
        return Verdict.UNKNOWN
    mean, sigma = float(np.mean(before)), float(np.std(before))
    away = abs(value - mean) if less else value - mean
    return Verdict.UNUSUAL if away > 3 * sigma else Verdict.CALM


def ways(scene: Scene | QueueScene, comparisons: int) -> Iterator[tuple[str, Looker]]:
    """Yield the ways of looking at a series or a queue."""
    if isinstance(scene, QueueScene):
        yield "Enginel", enginel_queue(scene, comparisons)
        values = queue_values(scene)
    else:
        minutes = Minutes(scene)
        yield "Enginel", enginel(scene, minutes, comparisons)
        values = series_values(minutes)
    yield "fixed threshold", fixed(values)
    yield "mean ± 3 sigma", three_sigma(values)
