"""Reading a bounded number of rows that lie evenly over a time, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

Row = TypeVar("Row")
Read = Callable[[datetime, datetime, int], list[Row]]
"""Returns the newest rows after one time and up to another, so many at most."""
SLICES = 12
_ROUNDS = 3


def evenly(read: Read[Row], since: datetime, until: datetime, most: int) -> list[Row]:
    """Return rows of a time: all where they are few, else the newest of each part of it in which there are any.

    The newest alone would be those of a last moment, in which everything is alike. Parts that hold more than their
    share are cut into smaller ones, until there are enough: what broke out an hour ago is read evenly over that hour.

    Args:
        read: Reads rows by an index on their time.
        since: After then.
        until: Up to then.
        most: How many at most.
    """
    rows = read(since, until, most + 1)
    if len(rows) <= most:
        return rows
    whole: list[Row] = []
    full: list[tuple[datetime, datetime]] = [(since, until)]
    found: list[list[Row]] = []
    for _ in range(_ROUNDS):
        pieces = [piece for begin, end in full for piece in _cut(begin, end, max(1, SLICES // len(full)))]
        share = max(1, (most - len(whole)) // len(pieces))
        read_now = [(piece, read(*piece, share)) for piece in pieces]
        whole += [row for _, ones in read_now if len(ones) < share for row in ones]
        full = [piece for piece, ones in read_now if len(ones) >= share]
        found = [ones for _, ones in read_now if len(ones) >= share]
        if not full or 2 * (len(whole) + sum(map(len, found))) >= most:
            break
    return whole + [row for ones in found for row in ones]


def _cut(begin: datetime, end: datetime, parts: int) -> list[tuple[datetime, datetime]]:
    width = (end - begin) / parts
    return list(pairwise([begin + place * width for place in range(parts)] + [end]))
