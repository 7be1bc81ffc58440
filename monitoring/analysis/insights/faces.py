"""The documented classes `ErrorMetricsCollector` and `ErrorAnalysisEngine`; what reads is imported when it is asked."""

from __future__ import annotations

from typing import Any


class ErrorMetricsCollector:
    """Counts of errors.

    Args:
        retention_hours: How far back totals go.
        service: Whose errors; everybody's if None.

    Raises:
        ValueError: There is no such time.
    """

    def __init__(self, retention_hours: int = 24, service: str | None = None) -> None:
        self.retention_hours = _positive(retention_hours, "retention_hours")
        self.service = service

    def get_metrics(self) -> dict[str, Any]:
        """Return how many errors there are: `total_errors`, `recent_errors`, `error_rate_per_minute` and more."""
        from .metrics import metrics

        return metrics(self.retention_hours, self.service)

    def get_error_trends(self, hours: int = 24) -> dict[str, Any]:
        """Return the errors of each hour.

        Args:
            hours: How many hours of the clock, the current one included.

        Returns:
            `hourly_counts`, `average_errors_per_hour` and more.

        Raises:
            ValueError: There are no such hours.
        """
        from .metrics import trends

        return trends(_positive(hours, "hours"), self.service)


class ErrorAnalysisEngine:
    """What errors have in common.

    Args:
        hours: Over how many hours of the clock they are looked at.
        service: Whose errors; everybody's if None.

    Raises:
        ValueError: There are no such hours.
    """

    def __init__(self, hours: int = 24, service: str | None = None) -> None:
        self.hours = _positive(hours, "hours")
        self.service = service

    def get_error_insights(self) -> dict[str, Any]:
        """Return `total_patterns`, `most_common_errors`, `recommendations` and more."""
        from .engine import insights

        return insights(self.hours, self.service)


def _positive(hours: int, name: str) -> int:
    if isinstance(hours, bool) or not isinstance(hours, int) or hours < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {hours!r}")
    return hours
