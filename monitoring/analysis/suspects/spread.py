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


def evenly(read: Read[Row], since: datetime, until: datetime, most: int) -> list[Row]:
    """Return rows of a time: all where they are few, else the newest of each twelfth of it.

    The newest alone would be those of a last moment, in which everything is alike.

    Args:
        read: Reads rows by an index on their time.
        since: After then.
        until: Up to then.
        most: How many at most.
    """
    rows = read(since, until, most + 1)
    if len(rows) <= most:
        return rows
    width = (until - since) / SLICES
    edges = [since + place * width for place in range(SLICES)] + [until]
    return [row for begin, end in pairwise(edges) for row in read(begin, end, most // SLICES)]
