"""The policy in a small simulated fleet whose true rates are known; what it does is settled by the seeds."""

from __future__ import annotations

from functools import cache
from statistics import fmean

import pytest

from benchmarks.recovery.playing import Score, tournament
from benchmarks.recovery.policies import CHOOSERS, Learner
from benchmarks.recovery.world import WORLDS, incidents
from monitoring.conf import Config
from monitoring.recovery.policy import NONE

KINDS = ("ConnectionError",)
SEEDS, CASES = (1, 2), 200


@cache
def played(world: str) -> dict[str, Score]:
    """Let all play one world; those of one test worker share it."""
    return {name: sum(scores, Score()) for name, scores in tournament(world, SEEDS, CASES, KINDS).items()}


def test_it_misses_less_than_the_documented_order_and_than_chance_and_more_than_who_knows() -> None:
    """In each world by itself: the soak, with fleets enough."""
    missed = {name: sum(played(world)[name].regret for world in WORLDS) for name in CHOOSERS}
    assert missed["oracle"] == pytest.approx(0)
    assert missed["policy"] < 0.9 * missed["fixed order"]
    assert missed["policy"] < 0.9 * missed["chance"]


@pytest.mark.parametrize("world", ["nothing helps", "heals itself"])
def test_it_learns_to_do_nothing_where_nothing_helps(world: str) -> None:
    score = played(world)["policy"]
    assert score.left_alone > 0.75
    assert score.late_regret_per_hundred < score.regret_per_hundred


def test_what_helps_is_not_given_up() -> None:
    assert played("as documented")["policy"].left_alone < 0.15


def test_until_enough_was_seen_it_is_the_documented_order() -> None:
    learner, fixed = Learner(1), CHOOSERS["fixed order"](1)
    first = [case for case in incidents("other rates", 1, 8, KINDS) if len(case.candidates) == 3][:8]
    assert [learner(case) for case in first] == [fixed(case) for case in first]
    assert {choice.propensity for choice in learner.choices} == {1.0}


def test_without_exploration_it_stays_with_the_documented_order_where_nothing_is_left_untreated() -> None:
    learner, fixed = Learner(1, Config(recovery_exploration=0)), CHOOSERS["fixed order"](1)
    cases = [case for case in incidents("other rates", 1, 60, KINDS) if case.candidates]
    assert [learner(case) for case in cases] == [fixed(case) for case in cases]


def test_what_it_logs_is_what_it_does() -> None:
    """Weighed by the logged probabilities, what was seen tells how often doing nothing would clear."""
    world = "heals itself"
    met = list(incidents(world, 3, CASES, KINDS))
    learner = Learner(3)
    arms = [learner(case) for case in met]
    weighed = [
        (arm == NONE and case.clears(NONE)) / choice.propensity
        for case, arm, choice in zip(met, arms, learner.choices, strict=True)
        if choice.arms and choice.arms[NONE].propensity > 0
    ]
    true = [
        case.rates[NONE]
        for case, choice in zip(met, learner.choices, strict=True)
        if choice.arms and choice.arms[NONE].propensity > 0
    ]
    assert fmean(weighed) == pytest.approx(fmean(true), abs=0.15)
