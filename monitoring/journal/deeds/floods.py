"""What somebody tries again and again, told of ever more rarely: the first of a minute one by one, then by doubling.

So a storm of guesses costs the journal some entries a minute, and none of it is left out: each entry says how many it
stands for.
"""

from __future__ import annotations

from collections.abc import Hashable

from monitoring.recording.recorder import recorder

_SINGLE = 8


def stands_for(key: Hashable, now: int) -> int:
    """Return how many the entry of this one stands for, itself included; 0 where another will tell of it.

    Args:
        key: What is the same, such as the kind of attempt and the client's address.
        now: Nanoseconds since the epoch.
    """
    seen = recorder.limiter.count(("journal", key), now)
    if seen <= _SINGLE:
        return 1
    return seen // 2 if seen & (seen - 1) == 0 else 0
