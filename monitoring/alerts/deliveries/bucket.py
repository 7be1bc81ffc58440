"""How many messages may go to one destination: a token bucket, as pure functions over values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_HOUR = 3600.0
_BURST = 6
"""A sixth of what is allowed in an hour may go at once: with 60, ten, and then one a minute."""


@dataclass(frozen=True)
class Bucket:
    """What is left of an allowance.

    Attributes:
        limit: Messages an hour, on the average; 0 for no limit.
        tokens: Messages that could be sent at once, when that was last reckoned.
        refilled: When it was; None for a bucket that is full.
    """

    limit: int
    tokens: float
    refilled: datetime | None

    @property
    def capacity(self) -> float:
        """Return how many messages may be sent at once."""
        return max(1.0, self.limit / _BURST)

    def at(self, now: datetime) -> float:
        """Return how many messages may be sent at a time."""
        if not self.limit:
            return float("inf")
        if self.refilled is None:
            return self.capacity
        passed = max(0.0, (now - self.refilled).total_seconds())
        return min(self.capacity, self.tokens + passed * self.limit / _HOUR)

    def ready(self, now: datetime) -> datetime:
        """Return from when on the next message may be sent."""
        missing = 1.0 - self.at(now)
        return now if missing <= 0 else now + timedelta(seconds=missing * _HOUR / self.limit)
