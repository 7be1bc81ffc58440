"""When no beat lived, as heartbeats tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitoring.jobs.schedule import absences, beats
from monitoring.jobs.schedule.absences import Absence
from monitoring.stream.heartbeats import Heartbeat

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def of(*said: tuple[float, float, bool]) -> list[Absence]:
    """Beats by when they were born and last seen, in seconds ago, and whether they said goodbye."""
    heartbeats = [
        Heartbeat("beat", str(place), seen, {"uptime": born - seen, "closing": closing, "interval": 3.0})
        for place, (born, seen, closing) in enumerate(said)
    ]
    return absences.of(beats.of(heartbeats, 30.0), NOW)


def test_nothing_is_known_without_any_beat() -> None:
    assert of() == []


def test_what_was_before_the_first_beat_is_excused() -> None:
    (found,) = of((100, 0, False))
    assert (found.end, found.planned) == (ago(100), True)
    assert found.start < ago(86_400 * 365)


def test_one_beat_after_the_other() -> None:
    found = of((50, 0, False), (500, 200, True), (190, 80, False))
    assert found[1:] == [Absence(ago(200), ago(190), True), Absence(ago(80), ago(50), False)]


def test_while_none_lives() -> None:
    assert of((500, 200, True))[-1] == Absence(ago(200), None, True)
    assert of((500, 20, False))[-1] == Absence(ago(20), None, False)


def test_a_beat_that_starts_beside_another_one_leaves_no_time_without() -> None:
    found = of((500, 0, False), (300, 100, False))
    assert found[1:] == [Absence(ago(300), ago(300), False)]
    assert found[-1].end is not None
