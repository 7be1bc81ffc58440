"""Which values are met more often among the cases than among what they are compared with: pure functions over counts.

What is tested depends on sums alone, never on how they are divided into cases and rest, so that the correction for
many tests holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .tables import Table, adjusted

LEVEL = 0.01
"""Of all suspects ever named, about this share is met more often by chance alone (Benjamini and Hochberg)."""
LEAST_CASES, LEAST_REST = 10, 20
"""Of a dimension fewer are not judged at all."""
LEAST_WITH_VALUE = 5
LEAST_DIFFERENCE = 0.1
"""What explains less of the cases than this is true, and of no help."""
MOST_VALUES = 40
"""Of a dimension so many values are looked at, the most frequent ones of cases and rest together."""
MOST_SUSPECTS = 10

Features = Mapping[str, str]
"""What is known of a case, or of one of the rest: values by dimension, and whose doing it is."""
SESSION = "session"
"""Whose doing it is, and about when: no dimension, but of one session each value counts once. Who reloads a page that
fails ten times is not ten users who meet the failure, and tests take what is counted to be independent."""


@dataclass(frozen=True)
class Tally:
    """How often the values of one dimension were met.

    Attributes:
        dimension: Such as `worker`.
        compared_with: What the rest is, in words.
        cases: Cases by value.
        rest: Of the rest, those by value.
    """

    dimension: str
    compared_with: str
    cases: Counter[str]
    rest: Counter[str]


@dataclass(frozen=True)
class Suspect:
    """A value that is met more often among the cases.

    Attributes:
        dimension: Such as `worker`, `release`, `user`, or `argument tenant`.
        value: Such as `celery@b`.
        table: The counts.
        low: Lower end of the 95 % interval of how many times as often.
        high: Its upper end.
        chance: How likely that is by chance, corrected for how much was looked at.
        compared_with: What the rest is, in words.
    """

    dimension: str
    value: str
    table: Table
    low: float
    high: float
    chance: float
    compared_with: str

    @property
    def words(self) -> str:
        """All of that as a sentence without its end."""
        more = f"{self.table.lift:.1f} times as often" if self.table.lift is not None else "never there"
        return (
            f"{self.dimension} {self.value}: {self.table.share:.0%} of them, {self.table.usual:.0%} of "
            f"{self.compared_with} ({more})"
        )


def tallies(
    compared_with: str, cases: Sequence[Features], rest: Sequence[Features], without: Iterable[str] = ()
) -> list[Tally]:
    """Count values by dimension, of each session once; who does not know a dimension counts on neither side of it.

    Args:
        compared_with: What the rest is, in words.
        cases: The cases.
        rest: What they are compared with.
        without: Dimensions that are left out.
    """
    left_out = frozenset(without)
    both = (counted(cases), counted(rest))
    dimensions = sorted((both[0].keys() & both[1].keys()) - left_out)
    return [Tally(dimension, compared_with, both[0][dimension], both[1][dimension]) for dimension in dimensions]


def counted(ones: Sequence[Features]) -> dict[str, Counter[str]]:
    """Return how often each value was met, by dimension, of each session once."""
    found: dict[str, Counter[str]] = {}
    known: set[tuple[str, str, str]] = set()
    for one in ones:
        session = one.get(SESSION, "")
        for dimension, value in one.items():
            if not value or dimension == SESSION or (session, dimension, value) in known:
                continue
            found.setdefault(dimension, Counter())[value] += 1
            if session:
                known.add((session, dimension, value))
    return found


def judge(found: Iterable[Tally], level: float = LEVEL) -> list[Suspect]:
    """Return what is met more often among the cases, what explains most of them first.

    Args:
        found: Counts by dimension, of one or several comparisons.
        level: Which share of suspects may be named by chance.
    """
    tested = [(tally, value, table) for tally in found for value, table in _tables(tally, level)]
    chances = adjusted([table.chance() for _, _, table in tested])
    named: dict[tuple[str, str], Suspect] = {}
    for (tally, value, table), chance in zip(tested, chances, strict=True):
        low, high = table.interval()
        if chance > level or low <= 1 or table.difference < LEAST_DIFFERENCE or table.cases < LEAST_WITH_VALUE:
            continue
        known = named.get((tally.dimension, value))
        if known is None or chance < known.chance:
            named[tally.dimension, value] = Suspect(
                tally.dimension, value, table, low, high, chance, tally.compared_with
            )
    ordered = sorted(named.values(), key=lambda one: (-one.table.difference, one.chance, one.dimension, one.value))
    return ordered[:MOST_SUSPECTS]


def _tables(tally: Tally, level: float) -> list[tuple[str, Table]]:
    """Return the tables of values that could be significant at all, going by sums alone."""
    all_cases, all_rest = tally.cases.total(), tally.rest.total()
    if all_cases < LEAST_CASES or all_rest < LEAST_REST:
        return []
    sums = tally.cases + tally.rest
    values = sorted(sums, key=lambda value: (-sums[value], value))[:MOST_VALUES]
    found = [(value, Table(tally.cases[value], all_cases, tally.rest[value], all_rest)) for value in values]
    return [(value, table) for value, table in found if table.least_chance() <= level]
