"""Labelled synthetic incidents: what is guilty is known, so that what is named can be judged."""

from __future__ import annotations

import random
from dataclasses import dataclass

from monitoring.analysis.suspects.judging import SESSION, Features

WORLD: dict[str, tuple[str, ...]] = {
    "release": ("1.9", "2.0"),
    "environment": ("production",),
    "worker": tuple(f"celery@{place}" for place in range(8)),
    "queue": ("celery", "mail", "slow"),
    "user": tuple(str(number) for number in range(300)),
    "client network": tuple(f"10.0.{place}.0/24" for place in range(60)),
    "argument tenant": tuple(f"t{number}" for number in range(40)),
    "context region": ("eu", "us", "asia"),
}


@dataclass(frozen=True)
class Incident:
    """Cases and rest, and which values are guilty."""

    cases: list[Features]
    rest: list[Features]
    guilty: frozenset[tuple[str, str]]


def ordinary(chance: random.Random) -> dict[str, str]:
    """One thing that happened in an uneven world: the first of everything is the most frequent."""
    return {
        name: values[min(int(chance.expovariate(6 / len(values))), len(values) - 1)] for name, values in WORLD.items()
    }


def incident(seed: int, guilty: int = 1, strength: float = 0.6, cases: int = 80, rest: int = 300) -> Incident:
    """An incident: of its cases `strength` have each guilty value beside what is ordinary.

    Guilty is nothing that most have anyway, which nobody could tell.
    """
    chance = random.Random(seed)
    names = chance.sample([name for name in WORLD if name != "environment"], guilty)
    blamed = {name: chance.choice(WORLD[name][len(WORLD[name]) // 2 :]) for name in names}
    found = []
    for _ in range(cases):
        one = ordinary(chance)
        one |= {name: value for name, value in blamed.items() if chance.random() < strength}
        found.append(one)
    return Incident(found, [ordinary(chance) for _ in range(rest)], frozenset(blamed.items()))


def reloads(chance: random.Random, number: int) -> list[Features]:
    """So many things that happened to users who try up to fourteen times, on one worker: only the time is another."""
    found: list[Features] = []
    while len(found) < number:
        one = ordinary(chance) | {SESSION: f"session {len(found)}"}
        found += [one] * chance.randint(1, 14)
    return found[:number]
