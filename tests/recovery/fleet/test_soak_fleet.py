"""The policy in large simulated fleets: each world many times, with all error types."""

from __future__ import annotations

import pytest

from benchmarks.recovery.playing import Score, tournament
from benchmarks.recovery.world import WORLDS

SEEDS, CASES = range(8), 600


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_in_a_fleet_it_misses_less_than_the_documented_order_and_leaves_alone_what_nothing_helps(world: str) -> None:
    scores = tournament(world, SEEDS, CASES)
    whole = {name: sum(played, Score()) for name, played in scores.items()}
    told = {name: f"{score.regret_per_hundred:.2f}, left alone {score.left_alone:.0%}" for name, score in whole.items()}
    print(f"\n{world}: {told}")
    policy, fixed, chance = (whole[name] for name in ("policy", "fixed order", "chance"))
    assert policy.regret < fixed.regret, told
    assert policy.regret < chance.regret, told
    better = sum(one.regret < other.regret for one, other in zip(scores["policy"], scores["fixed order"], strict=True))
    assert better >= len(SEEDS) * 0.6, told
    if world in {"nothing helps", "heals itself"}:
        assert policy.left_alone > 0.7, told
