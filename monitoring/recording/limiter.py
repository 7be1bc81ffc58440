"""How many of a kind a process still sends in full this minute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

_MAX_KEYS = 5_000


class Limiter:
    """Counts by minute what is told apart by a key, such as errors by place in the code."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Hashable, list[int]] = OrderedDict()

    def count(self, key: Hashable, now: int) -> int:
        """Count one of `key` at `now` (nanoseconds); return how many there were this minute."""
        minute = now // 60_000_000_000
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _MAX_KEYS:
                self._seen.popitem(last=False)
            self._seen[key] = [minute, 1]
            return 1
        if seen[0] != minute:
            seen[0], seen[1] = minute, 0
        self._seen.move_to_end(key)  # who invents keys does not push out those that are in use
        seen[1] += 1
        return seen[1]
