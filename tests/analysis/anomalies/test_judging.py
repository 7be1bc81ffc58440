"""What is unusual: enough of it, a difference worth telling, and hardly chance. Without a database."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from monitoring.analysis.anomalies.hours import Level
from monitoring.analysis.anomalies.judging import Look, Verdict, judge, judge_queue
from monitoring.analysis.anomalies.kinds import Measure
from monitoring.analysis.anomalies.usual import Usual, UsualQueue
from monitoring.analysis.anomalies.windows import LONG, SHORT, QueueWindow, Timing, Window
from monitoring.analysis.anomalies.words import brief, say, subject

USUAL = Usual(
    level=Level.WEEK,
    hours=12,
    per_minute=20.0,
    count_spread=0.1,
    error_rate=0.01,
    errors_per_minute=0.2,
    p50=(math.log(0.1), 0.05),
    p95=(math.log(0.25), 0.05),
    timed_hours=12,
)
MANY = 5_000


def window(minutes: int = SHORT, per_minute: float = 20, failing: float = 0.0, slower: float = 1.0) -> Window:
    count = round(per_minute * minutes)
    timing = Timing(count, math.log(0.1 * slower), math.log(0.25 * slower), 0.5) if count >= 20 else None
    return Window(minutes, count, round(count * failing), timing)


def looks(usual: Usual = USUAL, comparisons: int = MANY, long: Window | None = None, **kinds: Any) -> dict[str, Look]:
    found = judge(usual, window(**kinds), long or window(LONG, **kinds), comparisons)
    return {look.measure.value: look for look in found}


def unusual(**given: Any) -> list[str]:
    return [name for name, look in looks(**given).items() if look.verdict is Verdict.UNUSUAL]


def test_what_is_usual_is_calm() -> None:
    assert unusual() == []
    assert {look.verdict for look in looks(failing=0.01).values()} == {Verdict.CALM}


@pytest.mark.parametrize(
    ("seen", "measure"),
    [
        ({"failing": 0.2}, "error_rate"),
        ({"slower": 4.0}, "latency"),
        ({"per_minute": 0.0}, "throughput_drop"),
        ({"per_minute": 80.0}, "throughput_rise"),
    ],
)
def test_each_measure_finds_its_own(seen: dict[str, float], measure: str) -> None:
    assert unusual(**seen) == [measure]


def test_more_errors_by_more_traffic_are_counted_as_such() -> None:
    assert unusual(per_minute=160, failing=0.01) == ["error_count", "throughput_rise"]


def test_four_errors_are_never_enough() -> None:
    few = Window(SHORT, 4, 4)
    of_errors = [one for one in judge(USUAL, few, few, 1) if one.measure.value.startswith("error_")]
    assert [one.verdict for one in of_errors] == [Verdict.RAISED, Verdict.RAISED]


def test_a_difference_that_is_certain_but_small_is_not_worth_telling() -> None:
    assert unusual(comparisons=1, per_minute=20, slower=1.3) == []
    assert unusual(comparisons=1, usual=with_(per_minute=2_000.0), per_minute=1_500) == []
    assert unusual(comparisons=1, usual=with_(per_minute=2_000.0, errors_per_minute=20), failing=0.015) == [
        "throughput_drop"
    ]


def test_the_more_is_compared_the_less_is_believed() -> None:
    before = window(LONG, failing=0.01)
    assert "error_rate" in unusual(comparisons=1, failing=0.06, long=before)
    assert "error_rate" not in unusual(comparisons=MANY, failing=0.06, long=before)


def test_the_long_window_sees_what_is_rare() -> None:
    usual = with_(per_minute=0.5, errors_per_minute=0.005)
    rare = Window(LONG, 15, 8)
    found = {look.measure: look for look in judge(usual, Window(SHORT, 2, 1), rare, MANY)}
    assert (found[Measure.ERROR_RATE].verdict, found[Measure.ERROR_RATE].minutes) == (Verdict.UNUSUAL, LONG)


def test_the_long_window_does_not_outlast_what_is_over() -> None:
    assert "error_rate" not in unusual(long=window(LONG, failing=0.3), failing=0.0)


@pytest.mark.parametrize("errors", [1, 2, 3])
def test_after_an_incident_a_few_errors_more_than_usual_do_not_open_it_again(errors: int) -> None:
    busy = with_(per_minute=60.0, error_rate=0.002, errors_per_minute=0.15)
    after = {look.measure: look for look in judge(busy, Window(SHORT, 300, errors), Window(LONG, 1_700, 170), MANY)}
    assert {after[one].verdict for one in (Measure.ERROR_RATE, Measure.ERROR_COUNT)} <= {Verdict.CALM, Verdict.RAISED}


def test_what_still_fails_too_often_in_the_last_minutes_is_told_by_the_long_window() -> None:
    found = judge(USUAL, Window(SHORT, 100, 5), Window(LONG, 600, 30), MANY)
    assert (found[0].verdict, found[0].minutes) == (Verdict.UNUSUAL, LONG)


def test_more_runs_than_usual_are_told_by_the_long_window_before_the_short_one_has_enough_of_them() -> None:
    slow = with_(per_minute=1.0)
    found = {look.measure: look for look in judge(slow, Window(SHORT, 40, 0), Window(LONG, 200, 0), MANY)}
    rise = found[Measure.THROUGHPUT_RISE]
    assert (rise.verdict, rise.minutes) == (Verdict.UNUSUAL, LONG)


def test_weekends_that_are_not_known_yet_need_a_greater_difference() -> None:
    assert unusual(per_minute=8) == ["throughput_drop"]
    assert unusual(usual=with_(level=Level.DAY), per_minute=8) == []
    assert unusual(usual=with_(level=Level.DAY), per_minute=0) == ["throughput_drop"]


def test_with_few_hours_durations_are_not_judged() -> None:
    assert looks(usual=with_(timed_hours=5), slower=9.0)["latency"].verdict is Verdict.UNKNOWN


def test_a_thousand_quiet_looks_at_many_series_find_nothing() -> None:
    chance = random.Random(5)
    found = 0
    for _ in range(1_000):
        count = sum(chance.random() < 0.5 for _ in range(200))
        errors = sum(chance.random() < 0.01 for _ in range(count))
        seen = Window(SHORT, count, errors)
        found += sum(one.verdict is Verdict.UNUSUAL for one in judge(USUAL, seen, seen, 1_000))
    assert found == 0


def test_a_queue_is_unusual_when_it_stays_long_or_its_messages_old() -> None:
    usual = UsualQueue(Level.DAY, 21, (math.log1p(10), 0.3), (math.log1p(2.0), 0.3))

    def verdicts(depth: int, age: float | None) -> list[Verdict]:
        return [look.verdict for look in judge_queue(usual, QueueWindow(SHORT, depth, age), MANY)]

    assert verdicts(900, 600.0) == [Verdict.UNUSUAL, Verdict.UNUSUAL]
    assert verdicts(40, 30.0)[0] is not Verdict.UNUSUAL
    assert verdicts(12, None) == [Verdict.CALM, Verdict.UNKNOWN]
    assert [one.verdict for one in judge_queue(usual, None, MANY)] == [Verdict.UNKNOWN] * 2


def test_every_measure_is_said_in_words() -> None:
    for measure in Measure:
        look = Look(measure, SHORT, Verdict.UNUSUAL, 0.5, 0.0, 1e-20, "p95")
        text = say(look, subject("task", "shop", "pay"), Level.WEEK, 12, 6_000)
        assert text.startswith(f"task pay (shop) {brief(look)} at this hour of the week (from 12 hours). By chance ")
        assert text.endswith("less than one in 10^15 of comparisons, of which this look made 6,000.")
    slow = Look(Measure.LATENCY, SHORT, Verdict.UNUSUAL, 1.93, 0.452, 1e-9, "p95")
    assert brief(slow) == "took 1.93 s (p95 within 5 minutes), 4.27 times the usual 452 ms"


def with_(**values: Any) -> Usual:
    return Usual(**{name: getattr(USUAL, name) for name in USUAL.__struct_fields__} | values)
