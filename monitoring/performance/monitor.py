"""`PerformanceMonitor`, the documented face: recording's writer joined with this slice's reader."""

from __future__ import annotations

from typing import Any

from monitoring import remote
from monitoring.recording import decorators

_KIND, _SHOWN_AS = "operation", "operations"
_NONE = {
    "count": 0,
    "total_duration": 0.0,
    "avg_duration": 0.0,
    "min_duration": 0.0,
    "max_duration": 0.0,
    "p50": 0.0,
    "p95": 0.0,
    "p99": 0.0,
    "error_count": 0,
    "error_rate": 0.0,
}
"""Of what did not run."""


class PerformanceMonitor:
    """Track durations, and ask for their statistics."""

    track_duration = decorators.track_duration

    @staticmethod
    def get_operation_stats(operation_name: str) -> dict[str, Any]:
        """Return statistics of one operation over the last hour.

        Args:
            operation_name: As given to `track_duration`.

        Returns:
            `count`, `total_duration`, `avg_duration`, `min_duration`, `max_duration`, `p50`, `p95`, `p99` (all in
            seconds), `error_count`, and `error_rate` from 0 to 1; zeros for a name that did not run.
        """
        if remote.wanted():
            found = remote.get("api/monitoring/performance/", kind=_KIND, name=operation_name)[_SHOWN_AS]
            return found.get(operation_name) or dict(_NONE)
        from monitoring.storage.aside import aside

        from .stats import statistics_of

        return aside(lambda: statistics_of(_KIND, operation_name))

    @staticmethod
    def _record_duration(operation_name: str, duration: float, error: bool = False) -> None:
        """Record a duration that was measured by hand.

        Args:
            operation_name: Name of the operation.
            duration: Seconds.
            error: Whether it failed.
        """
        decorators.record_seconds(operation_name, duration, failed=error)
