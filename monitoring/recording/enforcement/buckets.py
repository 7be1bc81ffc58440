"""Token buckets of this process: how often whom, within bounded memory.

A bucket is one number, the moment from which it is full again (the generic cell rate algorithm). One that is full need
not be kept; of the others the one that was asked for longest ago goes first when there are too many.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

Wanted = tuple[str, float, float]
"""Name of a bucket, the seconds in which one token comes into it, and those in which all of them come but one."""
_GRAIN = 1e-6
"""Nobody waits for less than this many seconds: sums of fractions are not exact."""
MOST = 20_000
"""Buckets that are kept, some 6 MB of them."""


class Buckets:
    """Buckets by key. Any thread may ask.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, wanted: Sequence[Wanted], now: float) -> tuple[float, int]:
        """Take one token from each of these buckets, or none from any.

        Args:
            wanted: The buckets.
            now: Seconds of a monotonic clock.

        Returns:
            0.0 where all had one, else the seconds until all will have one; and the place of that which takes longest.
        """
        full_at = self._full_at
        longest, slowest = _GRAIN, 0
        with self._lock:
            for place, (name, _, patience) in enumerate(wanted):
                wait = full_at.get(name, now) - now - patience
                if wait > longest:
                    longest, slowest = wait, place
            if longest == _GRAIN:
                before = len(full_at)
                for name, interval, _ in wanted:
                    full = full_at.get(name, now)
                    full_at[name] = (full if full > now else now) + interval
                    full_at.move_to_end(name)
                if len(full_at) > before:
                    self._let_go(now)
        return (longest if longest > _GRAIN else 0.0), slowest

    def _let_go(self, now: float) -> None:
        """Let the oldest go that are full, a few at a time, and as many as are too many."""
        for _ in range(2):
            name = next(iter(self._full_at))
            if self._full_at[name] > now:
                break
            del self._full_at[name]
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
