"""A small world of labelled incidents: what is found of them, and that little is told of where nothing is."""

from __future__ import annotations

from functools import partial

import pytest

from benchmarks.anomalies.scenes import DAY, SHAPES, queue, scene
from benchmarks.anomalies.scoring import Score, World, compare

_AROUND = (2 * DAY + 9 * 60, 2 * DAY + 20 * 60)
"""The working hours of the day with incidents."""
_BUSY, _STEPPING = SHAPES[1], SHAPES[5]


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    series = [partial(scene, _BUSY, kind, 7) for kind in ("error burst", "slow at once", "outage")]
    return compare(World([*series, partial(scene, _STEPPING, None, 8)], [partial(queue, 9, True)]), *_AROUND)


def test_every_incident_is_found_and_within_minutes(scores: dict[str, Score]) -> None:
    ours = scores["Enginel"]
    assert (ours.incidents, ours.missed) == (4, [])
    assert ours.delay <= 6


def test_nothing_is_told_of_a_harmless_step_or_a_busy_hour(scores: dict[str, Score]) -> None:
    assert scores["Enginel"].told_wrongly == []


def test_a_threshold_for_all_and_three_deviations_are_worse(scores: dict[str, Score]) -> None:
    for rival in ("fixed threshold", "mean ± 3 sigma"):
        assert scores[rival].precision + scores[rival].recall < 2
