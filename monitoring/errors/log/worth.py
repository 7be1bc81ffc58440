"""What of the log is worth keeping in full: pure functions over counts and times, no database.

Least worth are samples of what occurs often, most is what was new or a turning point. Among equals those go that have
the nearest neighbours in time, so that what stays covers the whole time evenly, its beginning and end included.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RANKS = {"sample": 0, "rare": 1}
"""How much it is worth, by why it is kept; what is not named here, such as `new`, is worth most."""
_MOST = 2

Key = tuple[str, int | None]
"""A service, and one of its groups; None for errors without a group."""
Ranks = tuple[int, int, int]
"""How many there are of each rank."""


@dataclass(frozen=True)
class Limits:
    """How many errors are kept in full: of one group, of one service, and in all."""

    group: int
    service: int
    total: int


def rank(kept: str) -> int:
    """Return how much an error is worth that is kept for this reason: 0, 1 or 2."""
    return RANKS.get(kept, _MOST)


def plan(counts: Mapping[Key, Ranks], limits: Limits) -> dict[Key, Ranks]:
    """Say how many may stay of each group that has to give some up.

    Args:
        counts: How many of each rank are kept, by service and group.
        limits: What must not be exceeded. That of a group does not hold for errors without one.
    """
    left = {key: list(ranks) for key, ranks in counts.items()}
    for (_, group), ranks in left.items():
        if group is not None:
            _lower([ranks], limits.group)
    services: dict[str, list[list[int]]] = {}
    # Later groups come first: of groups that are alike, the newer ones keep one more.
    for (service, _), ranks in sorted(left.items(), key=lambda item: item[0][1] or 0, reverse=True):
        services.setdefault(service, []).append(ranks)
    for ones in services.values():
        _lower(ones, limits.service)
    _lower([ranks for ones in services.values() for ranks in ones], limits.total)
    return {key: (ranks[0], ranks[1], ranks[2]) for key, ranks in left.items() if tuple(ranks) != counts[key]}


def _lower(groups: Sequence[list[int]], limit: int) -> None:
    """Lower the counts of groups until together they are within a limit, those of the least worth first."""
    excess = sum(map(sum, groups)) - limit
    for worth in range(_MOST + 1):
        if excess <= 0:
            return
        having = [ranks[worth] for ranks in groups]
        allowed = max(0, sum(having) - excess)
        excess -= sum(having) - allowed
        for ranks, level in zip(groups, levelled(having, allowed), strict=True):
            ranks[worth] = level


def levelled(counts: Sequence[int], allowed: int) -> list[int]:
    """Cut the highest counts down to one level, so that their sum is `allowed` (or theirs, where that is less)."""
    level, left, remaining = 0, allowed, len(counts)
    for count in sorted(counts):
        if (count - level) * remaining > left:
            break
        left -= (count - level) * remaining
        level, remaining = count, remaining - 1
    else:
        return list(counts)
    step, extra = divmod(left, remaining)
    level += step
    cut = []
    for count in counts:
        more = count > level and extra > 0
        extra -= more
        cut.append(min(count, level + more))
    return cut


def surplus(times: Sequence[float], ranks: Sequence[int], allowed: Ranks) -> list[int]:
    """Choose which errors of one group to give up.

    Args:
        times: When each was, ascending.
        ranks: What each is worth.
        allowed: How many may stay of each rank.

    Returns:
        Their positions, in the order in which they are given up.
    """
    given_up: list[int] = []
    before, after = list(range(-1, len(times) - 1)), list(range(1, len(times) + 1))
    for worth, most in enumerate(allowed):
        ones = [place for place, found in enumerate(ranks) if found == worth]
        count = len(ones) - most
        nearest = [(_gap(times, before, after, place), place) for place in ones] if count > 0 else []
        heapq.heapify(nearest)
        gone: set[int] = set()
        while count > 0:
            gap, place = heapq.heappop(nearest)
            if place in gone or gap != _gap(times, before, after, place):
                continue  # an entry from before its neighbour went
            gone.add(place)
            given_up.append(place)
            count -= 1
            left, right = before[place], after[place]
            for neighbour, links, other in ((left, after, right), (right, before, left)):
                if 0 <= neighbour < len(times):
                    links[neighbour] = other
            for neighbour in (left, right):
                if 0 <= neighbour < len(times) and ranks[neighbour] == worth:
                    heapq.heappush(nearest, (_gap(times, before, after, neighbour), neighbour))
    return given_up


def _gap(times: Sequence[float], before: Sequence[int], after: Sequence[int], place: int) -> float:
    """Return how long nothing would be kept without this one; no end may be without."""
    if before[place] < 0 or after[place] >= len(times):
        return float("inf")
    return times[after[place]] - times[before[place]]
