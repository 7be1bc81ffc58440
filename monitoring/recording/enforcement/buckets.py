"""Token buckets of this process: how often whom, within bounded memory.

A bucket is one number, the moment from which it is full again (the generic cell rate algorithm). One that is full need
not be kept; of the others the one that was asked for longest ago goes first when there are too many.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

Key = tuple[str, str]
MOST = 20_000
"""Buckets that are kept, some 6 MB of them."""


class Wanted(NamedTuple):
    """A token that is asked for.

    Attributes:
        key: Whose bucket of which throttle.
        interval: Seconds in which one token comes.
        burst: Tokens that a full bucket holds, 1 at least.
    """

    key: Key
    interval: float
    burst: float


class Buckets:
    """Buckets by key. Any thread may ask.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._full_at: OrderedDict[Key, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, wanted: Sequence[Wanted], now: float) -> tuple[float, Key | None]:
        """Take one token from each of these buckets, or none from any.

        Args:
            wanted: The buckets.
            now: Seconds of a monotonic clock.

        Returns:
            0.0 and None where all had one; else the seconds until all will have one, and which has to wait longest.
        """
        with self._lock:
            longest, slowest = 0.0, None
            for key, interval, burst in wanted:
                wait = self._full_at.get(key, now) - now - (burst - 1) * interval
                if wait > longest:
                    longest, slowest = wait, key
            if slowest is None:
                for key, interval, _ in wanted:
                    self._full_at[key] = max(self._full_at.get(key, now), now) + interval
                    self._full_at.move_to_end(key)
                self._let_go(now)
            return longest, slowest

    def _let_go(self, now: float) -> None:
        """Let the oldest go that are full, a few at a time, and as many as are too many."""
        for _ in range(2):
            key = next(iter(self._full_at))
            if self._full_at[key] > now or len(self._full_at) <= 1:
                break
            del self._full_at[key]
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
