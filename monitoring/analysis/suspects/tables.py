"""Two by two tables: how much more often something is met here than there, and how likely that is by chance.

Tests are exact and one-sided: of interest is what is met more often. No test assumes that samples are large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

_TWO_SIDED_95 = 1.959963984540054


@dataclass(frozen=True)
class Table:
    """How often a value was met among the cases, and among the rest.

    Attributes:
        cases: Cases with the value.
        all_cases: All cases.
        rest: Of the rest, those with the value.
        all_rest: All of the rest.
    """

    cases: int
    all_cases: int
    rest: int
    all_rest: int

    @property
    def share(self) -> float:
        """Share of the cases that have the value."""
        return self.cases / self.all_cases if self.all_cases else 0.0

    @property
    def usual(self) -> float:
        """Share of the rest that has it."""
        return self.rest / self.all_rest if self.all_rest else 0.0

    @property
    def difference(self) -> float:
        """By how much the share of the cases is greater."""
        return self.share - self.usual

    @property
    def lift(self) -> float | None:
        """How many times as often cases have the value; None where nothing of the rest has it."""
        return self.share / self.usual if self.usual else None

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the ratio of the shares, by Katz's logarithm with a half added to each count."""
        cases, rest = self.cases + 0.5, self.rest + 0.5
        all_cases, all_rest = self.all_cases + 1.0, self.all_rest + 1.0
        middle = log(cases / all_cases) - log(rest / all_rest)
        error = sqrt(max(0.0, 1 / cases - 1 / all_cases + 1 / rest - 1 / all_rest))
        return exp(middle - _TWO_SIDED_95 * error), exp(middle + _TWO_SIDED_95 * error)

    def chance(self) -> float:
        """Return how likely as many cases or more would have the value by chance (Fisher's exact test)."""
        return _tail(self.cases, self.all_cases, self.cases + self.rest, self.all_cases + self.all_rest)

    def least_chance(self) -> float:
        """Return the least that `chance` can be, however those with the value are divided: it looks at sums alone."""
        having = self.cases + self.rest
        return _tail(min(having, self.all_cases), self.all_cases, having, self.all_cases + self.all_rest)


def _tail(found: int, drawn: int, having: int, whole: int) -> float:
    """Return the upper tail of the hypergeometric distribution; its work is bounded by `drawn`."""
    if found <= max(0, drawn + having - whole):
        return 1.0
    constant = _choose(whole, drawn)
    terms = (
        exp(_choose(having, one) + _choose(whole - having, drawn - one) - constant)
        for one in range(found, min(drawn, having) + 1)
    )
    return min(1.0, sum(terms))


def _choose(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)


def adjusted(chances: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Benjamini and Hochberg, in their order.

    Of all that is called significant at a level of these, that share is false on average.
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place], reverse=True)
    found, least = [1.0] * len(chances), 1.0
    for above, place in enumerate(order):
        least = min(least, chances[place] * (len(chances) / (len(chances) - above)))
        found[place] = least
    return found
