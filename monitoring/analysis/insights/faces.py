"""The documented classes `ErrorMetricsCollector` and `ErrorAnalysisEngine`.

What reads is imported when it is asked; without Django, Enginel is asked. Its times are texts in ISO 8601 then.
"""

from __future__ import annotations

from typing import Any

from monitoring import remote
from monitoring.conf import get_config


class ErrorMetricsCollector:
    """Counts of errors.

    Args:
        retention_hours: How far back totals go; as far as `ERROR_METRICS_HOURS` says unless given.
        service: Whose errors; everybody's if None.

    Raises:
        ValueError: There is no such time.
    """

    def __init__(self, retention_hours: int | None = None, service: str | None = None) -> None:
        hours = get_config().error_metrics_hours if retention_hours is None else retention_hours
        self.retention_hours = _positive(hours, "retention_hours")
        self.service = service

    def get_metrics(self) -> dict[str, Any]:
        """Return how many errors there are: `total_errors`, `recent_errors`, `error_rate_per_minute` and more."""
        if remote.wanted():
            return _asked("errors", self.retention_hours, self.service)
        from monitoring.storage.aside import aside

        from .metrics import metrics

        return aside(lambda: metrics(self.retention_hours, self.service))

    def get_error_trends(self, hours: int = 24) -> dict[str, Any]:
        """Return the errors of each hour.

        Args:
            hours: How many hours of the clock, the current one included.

        Returns:
            `hourly_counts`, `average_errors_per_hour` and more.

        Raises:
            ValueError: There are no such hours.
        """
        wanted = _positive(hours, "hours")
        if remote.wanted():
            return _asked("trends", wanted, self.service)
        from monitoring.storage.aside import aside

        from .metrics import trends

        return aside(lambda: trends(wanted, self.service))


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
        if remote.wanted():
            return _asked("insights", self.hours, self.service)
        from monitoring.storage.aside import aside

        from .engine import insights

        return aside(lambda: insights(self.hours, self.service))


def _asked(what: str, hours: int, service: str | None) -> dict[str, Any]:
    found: dict[str, Any] = remote.get(f"api/metrics/{what}", hours=hours, service=service)
    return found


def _positive(hours: int, name: str) -> int:
    if isinstance(hours, bool) or not isinstance(hours, int) or hours < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {hours!r}")
    return hours
