"""`ErrorMonitoringEndpoints`, the documented class: the answers of `/api/metrics/…` for code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from monitoring import remote
from monitoring.alerts import ErrorAlertingSystem
from monitoring.alerts.in_code.thread import listen
from monitoring.analysis import ErrorAnalysisEngine, ErrorMetricsCollector
from monitoring.conf import get_config


class ErrorMonitoringEndpoints:
    """The answers of `/api/metrics/…` for code, and where code registers a channel.

    Args:
        service: Whose errors; everybody's if None. A middleware stands for the service of this process.
        alerting: Whose alerts are told through channels that are added; one without rules of its own unless given, as
            in a `monitoring_hooks.py`, whose channels are told of every alert. Without Django they are told the alerts
            of their process.
    """

    def __init__(self, service: object = None, alerting: ErrorAlertingSystem | None = None) -> None:
        self._service = _name(service)
        self._alerting = alerting or ErrorAlertingSystem()
        if alerting is None and remote.wanted():
            listen(self._alerting)

    def get_metrics(self) -> dict[str, Any]:
        """Return how many errors there are: `total_errors`, `recent_errors`, `error_rate_per_minute` and more."""
        return ErrorMetricsCollector(service=self._service).get_metrics()

    def get_trends(self, hours: int = 24) -> dict[str, Any]:
        """Return the errors of each of the last hours: `hourly_counts`, `average_errors_per_hour` and more.

        Raises:
            ValueError: There are no such hours.
        """
        return ErrorMetricsCollector(service=self._service).get_error_trends(hours)

    def get_insights(self) -> dict[str, Any]:
        """Return what errors have in common: `total_patterns`, `most_common_errors`, `recommendations` and more."""
        return ErrorAnalysisEngine(service=self._service).get_error_insights()

    def get_alerts(self, hours: int = 24) -> dict[str, Any]:
        """Return what alerted within some hours: `total_alerts`, `alerts_by_level`, `alerts`."""
        if remote.wanted():
            found: dict[str, Any] = remote.get("api/metrics/alerts", hours=hours)
            return found
        from monitoring.alerts.incidents.alerted import alerted
        from monitoring.storage.aside import aside

        return aside(lambda: alerted(hours))

    def add_alert_channel(self, name: str, channel: Callable[[Mapping[str, Any]], Any]) -> None:
        """Have alerts told through a function; see `ErrorAlertingSystem.add_alert_channel`."""
        self._alerting.add_alert_channel(name, channel)


def _name(service: object) -> str | None:
    """Return the name of a service, for a middleware that of this process; None for every service."""
    return service if service is None or isinstance(service, str) else get_config().service
