"""`PerformanceMonitor` of the middleware guide: how this very process does. Of a whole service, Enginel's API tells."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any

_MOST = 10_000
_SECONDS = 3_600.0
_MILLISECOND = 1e6


class Tally:
    """The last requests of this process; use the module's `tally`."""

    def __init__(self) -> None:
        self._answered: deque[tuple[float, int, bool]] = deque(maxlen=_MOST)

    def add(self, duration: int, *, failed: bool) -> None:
        """Add a request.

        Args:
            duration: Nanoseconds it took.
            failed: Whether it was answered with 5xx.
        """
        self._answered.append((time.monotonic(), duration, failed))

    def recent(self) -> list[tuple[int, bool]]:
        """Return durations of the last hour, in nanoseconds, and whether they failed."""
        since = time.monotonic() - _SECONDS
        return [(duration, failed) for at, duration, failed in self._answered.copy() if at >= since]

    def forget(self) -> None:
        """Begin with nothing: in a child process."""
        self._answered.clear()


tally = Tally()
os.register_at_fork(after_in_child=tally.forget)


class PerformanceMonitor:
    """How long the requests of this process took.

    Attributes:
        slow_request_threshold_ms: Milliseconds from which one counts as slow.
    """

    def __init__(self) -> None:
        self.slow_request_threshold_ms: float = 1_000

    def get_performance_stats(self) -> dict[str, Any]:
        """Return what the middleware has seen in this process: of the last hour, the last 10,000 requests at most.

        Returns:
            `total_requests`, `average_duration_ms` (0 where there were none), `slow_requests`, `error_requests`
            (answered with 5xx).
        """
        found = tally.recent()
        slow = self.slow_request_threshold_ms * _MILLISECOND
        total = sum(duration for duration, _ in found)
        return {
            "total_requests": len(found),
            "average_duration_ms": total / len(found) / _MILLISECOND if found else 0.0,
            "slow_requests": sum(1 for duration, _ in found if duration >= slow),
            "error_requests": sum(1 for _, failed in found if failed),
        }
