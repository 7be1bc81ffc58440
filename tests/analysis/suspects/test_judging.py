from __future__ import annotations

import random
from collections import Counter

from monitoring.analysis.suspects.judging import Tally, judge, tallies

from .synthetic import Incident, incident, ordinary, reloads


def named(one: Incident, level: float = 0.01) -> set[tuple[str, str]]:
    return {(found.dimension, found.value) for found in judge(tallies("the rest", one.cases, one.rest), level)}


def loud(one: Incident) -> set[tuple[str, str]]:
    """What a fixed threshold names: a share that is twice the usual one and at least a tenth."""
    found = set()
    for tally in tallies("the rest", one.cases, one.rest):
        for value, count in tally.cases.items():
            share, usual = count / tally.cases.total(), tally.rest[value] / tally.rest.total()
            if share >= 0.1 and share >= 2 * usual:
                found.add((tally.dimension, value))
    return found


def test_where_nothing_is_guilty_hardly_anything_is_named() -> None:
    """Per null incident all that is named is false: at 5 % at most about one of twenty may name anything."""
    blamed = sum(bool(named(incident(seed, guilty=0, cases=60), level=0.05)) for seed in range(100))

    assert blamed <= 100 * 0.05 + 3 * (100 * 0.05 * 0.95) ** 0.5


def test_users_who_try_again_are_not_taken_for_many() -> None:
    chance = random.Random(5)
    worlds = [Incident(reloads(chance, 200), reloads(chance, 400), frozenset()) for _ in range(100)]
    blamed = sum(bool(named(one, level=0.05)) for one in worlds)

    assert blamed <= 100 * 0.05 + 3 * (100 * 0.05 * 0.95) ** 0.5


def test_what_is_guilty_is_named_and_little_else() -> None:
    incidents = [incident(seed, guilty=1 + seed % 2) for seed in range(40)]
    right = sum(len(named(one) & one.guilty) for one in incidents)
    told = sum(len(named(one)) for one in incidents)
    guilty = sum(len(one.guilty) for one in incidents)

    assert right / guilty >= 0.95
    assert right / told >= 0.97


def test_with_few_errors_it_names_less_that_is_wrong_than_a_fixed_threshold() -> None:
    incidents = [incident(seed, cases=15, rest=40) for seed in range(100)]
    ours, fixed = ([name(one) for one in incidents] for name in (named, loud))

    def precision(found: list[set[tuple[str, str]]]) -> float:
        right = sum(len(ones & one.guilty) for ones, one in zip(found, incidents, strict=True))
        return right / max(1, sum(map(len, found)))

    assert precision(ours) >= 0.95 > precision(fixed)


def test_the_words_say_how_much_more_often() -> None:
    cases = [{"worker": "celery@b" if place < 18 else "celery@a"} for place in range(20)]
    rest = [{"worker": "celery@b" if place < 30 else "celery@a"} for place in range(100)]

    (found,) = judge(tallies("its runs that succeeded", cases, rest))
    assert found.words == "worker celery@b: 90% of them, 30% of its runs that succeeded (3.0 times as often)"
    assert found.low > 2
    assert found.chance < 1e-5


def test_the_same_value_of_two_comparisons_is_named_once_by_the_stronger() -> None:
    cases = Counter({"a": 30, "b": 5})
    weak, strong = Counter({"a": 50, "b": 50}), Counter({"a": 5, "b": 95})

    (found,) = judge([Tally("release", "earlier", cases, weak), Tally("release", "others", cases, strong)])
    assert found.compared_with == "others"


def test_too_few_are_not_judged_and_who_does_not_know_a_dimension_counts_on_neither_side() -> None:
    few = [{"worker": "a"}] * 9
    rest = [{"worker": "b"}] * 100
    assert judge(tallies("rest", few, rest)) == []

    cases = [{"worker": "a"}] * 12 + [{}] * 500
    (found,) = judge(tallies("rest", cases, rest))
    assert found.table.all_cases == 12


def test_the_order_of_what_is_given_makes_no_difference() -> None:
    one = incident(7)
    shuffled = random.Random(1)
    cases, rest = shuffled.sample(one.cases, len(one.cases)), shuffled.sample(one.rest, len(one.rest))

    assert judge(tallies("rest", cases, rest)) == judge(tallies("rest", one.cases, one.rest))
    assert judge(tallies("rest", [ordinary(shuffled)] * 50, [])) == []
