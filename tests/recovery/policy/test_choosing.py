"""What is chosen, with which probability, and why, as it is said."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from monitoring.conf import Config
from monitoring.recovery import policy
from monitoring.recovery.policy import NONE, Choice, History, Outcome
from monitoring.recovery.policy.beliefs import beliefs
from monitoring.recovery.policy.choosing import decide
from monitoring.recovery.strategies.base import Case

ARMS = ("retry", "circuit_break", "fallback")
RATES = {"retry": 0.75, "circuit_break": 0.9, "fallback": 0.95}


def seen(**arms: tuple[int, int]) -> History:
    """Make a history in which of each arm so many of so many cases cleared, one arm in turn with the others."""
    outcomes = []
    for turn in range(max((of for _, of in arms.values()), default=0)):
        for arm, (cleared, of) in arms.items():
            if turn < of:
                outcomes.append(Outcome(arm, turn * cleared // of != (turn + 1) * cleared // of))
    return History(outcomes)


def choose(history: History | None = None, seed: int = 1, candidates: tuple[str, ...] = ARMS, **config: Any) -> Choice:
    return decide("ConnectionError", candidates, history or History(), Random(seed), Config(**config), RATES)


def test_before_anything_was_seen_the_documented_order_decides_and_nothing_is_left_to_chance() -> None:
    assert {choose(seed=seed).arm for seed in range(50)} == {"retry"}
    choice = choose()
    assert (choice.by, choice.propensity) == ("documented", 1.0)
    assert choice.words == (
        "Tried retry, the first in the documented order for ConnectionError: never seen, and none untreated was seen;"
        " 8 cases with retry and untreated are needed before what was seen decides."
    )


def test_what_cannot_act_has_no_part_in_it() -> None:
    assert choose(candidates=("fallback",)).arm == "fallback"
    assert choose(candidates=()) == Choice(NONE, 1.0, {}, "Nothing that may act here can.", "documented")


def test_once_the_first_strategy_is_known_cases_are_left_alone_now_and_then_until_that_is_known_too() -> None:
    history = seen(retry=(6, 8))
    choices = [choose(history, seed) for seed in range(400)]
    counts = Counter(choice.arm for choice in choices)
    assert counts.keys() == {"retry", NONE}
    assert 20 <= counts[NONE] <= 60
    left = next(choice for choice in choices if choice.arm == NONE)
    assert (left.by, left.propensity) == ("explored", pytest.approx(0.1))
    assert left.words == (
        "Did nothing about ConnectionError for comparison, by chance (10%): never seen untreated so far, and 8 cases"
        " are needed."
    )


def test_without_exploration_nothing_is_left_to_chance_before_enough_was_seen() -> None:
    history = seen(retry=(6, 8))
    assert {choose(history, seed, recovery_exploration=0).arm for seed in range(50)} == {"retry"}


def test_where_the_documented_order_is_set_it_decides_whatever_was_seen() -> None:
    history = seen(retry=(0, 30), none=(10, 30), fallback=(30, 30))
    choices = [choose(history, seed, recovery_policy="documented") for seed in range(50)]
    assert {choice.arm for choice in choices} == {"retry"}
    assert choices[0].words == (
        "Tried retry, the first in the documented order for ConnectionError: 0 of 30 cleared against 10 of 30"
        " untreated; the documented order is set."
    )
    assert choices[0].arms["fallback"].proposed > choices[0].arms["retry"].proposed  # what the learner would do


def test_what_clears_more_than_doing_nothing_is_chosen_once_both_are_known() -> None:
    history = seen(retry=(1, 9), circuit_break=(7, 8), none=(3, 9))
    choices = [choose(history, seed) for seed in range(200)]
    counts = Counter(choice.arm for choice in choices)
    assert counts["circuit_break"] > 150
    chosen = next(choice for choice in choices if choice.arm == "circuit_break")
    assert chosen.by == "learned"
    assert chosen.words == "Tried circuit_break for ConnectionError: 7 of 8 cleared against 3 of 9 untreated."
    assert chosen.arms["circuit_break"].samples == 8
    assert chosen.propensity == chosen.arms["circuit_break"].propensity


def test_of_what_is_not_known_yet_the_documented_rate_alone_does_not_make_it_chosen() -> None:
    history = seen(retry=(2, 20), fallback=(7, 7), none=(2, 20))
    choices = [choose(history, seed) for seed in range(200)]
    assert all(choice.by == "explored" for choice in choices if choice.arm == "fallback")


def test_nothing_is_done_where_nothing_helps() -> None:
    history = seen(retry=(6, 30), circuit_break=(6, 30), fallback=(6, 30), none=(7, 30))
    choices = [choose(history, seed) for seed in range(200)]
    assert Counter(choice.arm for choice in choices)[NONE] > 165
    done = next(choice for choice in choices if choice.arm == NONE)
    assert done.words.startswith("Did nothing about ConnectionError: 7 of 30 cleared untreated, and with ")


def test_what_was_seen_not_to_help_is_tried_again_more_rarely_than_what_is_not_known() -> None:
    unknown = choose(seen(retry=(2, 20), none=(12, 20))).arms
    assert unknown["fallback"].propensity == unknown["circuit_break"].propensity == pytest.approx(0.05)
    assert unknown["retry"].propensity == 0
    history = seen(retry=(2, 20), circuit_break=(2, 20), fallback=(2, 20), none=(12, 20))
    assert choose(history).arms["fallback"].propensity == pytest.approx(0.01)
    again = next(choice for seed in range(500) if (choice := choose(history, seed)).arm == "retry")
    assert again.by == "explored"
    assert again.words == (
        "Tried retry for ConnectionError by chance (1%): 2 of 20 cleared against 12 of 20 untreated, to see whether"
        " that still holds."
    )


def test_what_was_chosen_bears_the_probability_with_which_it_is_chosen() -> None:
    history = seen(retry=(6, 12), circuit_break=(8, 12), none=(5, 12))
    choices = [choose(history, seed) for seed in range(400)]
    counts = Counter(choice.arm for choice in choices)
    arms = choices[0].arms
    assert sum(arm.propensity for arm in arms.values()) == pytest.approx(1)
    for name, arm in arms.items():
        assert counts[name] / len(choices) == pytest.approx(arm.propensity, abs=0.05)


def test_a_choice_is_plain_json() -> None:
    kept = choose(seen(retry=(6, 12), none=(5, 12))).as_json()
    assert kept.keys() == {"arm", "propensity", "by", "words", "arms"}
    assert list(kept["arms"]) == [*ARMS, NONE]
    assert kept["arms"]["retry"].keys() == {
        "cleared", "persisted", "alpha", "beta", "known", "proposed", "propensity",
    }  # fmt: skip


def test_the_documented_rates_are_those_of_the_strategies_themselves() -> None:
    case = Case(
        recovery_id=uuid.uuid4(), error_id=uuid.uuid4(), group_id=None, service="shop", environment="production",
        error_type="DatabaseError", exception_type="", kind="database_error", severity="critical", message="",
        fingerprint="f", name="GET cart/", occurred=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    arms = policy.choose(case, ["cache_clear", "of_their_own"], History(), Random(1), Config()).arms
    assert {name: arm.rate for name, arm in arms.items()} == pytest.approx(
        {"cache_clear": 0.8, "of_their_own": 0.5, NONE: 0.5}
    )


def test_what_is_documented_weighs_as_much_as_four_cases() -> None:
    found = beliefs([*ARMS, NONE], seen(retry=(1, 1)), RATES)
    assert (found["retry"].alpha, found["retry"].beta) == pytest.approx((4.0, 1.0))
    assert (found["fallback"].alpha, found["fallback"].beta) == pytest.approx((3.8, 0.2))
    assert (found[NONE].alpha, found[NONE].beta) == (1.0, 1.0)
    assert found["retry"].seen == (2.0, 1.0)


def test_the_longer_ago_the_less_it_counts() -> None:
    before = [Outcome("retry", True)] * 200
    after = [Outcome("retry", False)] * 200
    found = beliefs(["retry"], History([*before, *after]), RATES)["retry"]
    assert (found.cleared, found.persisted) == (200, 200)
    assert found.beta > 2.5 * found.alpha


def test_a_strategy_of_a_services_own_has_no_documented_rate() -> None:
    found = beliefs(["mine"], History(), RATES)["mine"]
    assert (found.alpha, found.beta) == (1.0, 1.0)
