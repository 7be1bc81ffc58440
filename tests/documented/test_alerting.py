"""What is documented of alerting (the fifth of the texts) and of the protection (the second) works as it is typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from monitoring.alerts import AlertLevel, ErrorAlertingSystem, ErrorMonitor
from monitoring.alerts.in_code.thread import attendant
from monitoring.alerts.rules import thresholds
from monitoring.error_rate import get_error_rate
from monitoring.errors import ErrorTracker
from monitoring.errors.classification import ErrorSeverity, ErrorType


@pytest.fixture
def sent() -> Any:
    """What was sent to Slack; whoever alerts is forgotten afterwards."""
    before = list(attendant.systems)
    yield []
    attendant.systems[:] = before


@pytest.mark.usefixtures("eager")
def test_custom_rules_and_channels_of_alerting(sent: list[Any]) -> None:
    alerting_system = ErrorAlertingSystem()

    def critical_error_condition(error_event: Any) -> bool:
        return bool(
            error_event.severity == ErrorSeverity.CRITICAL or error_event.error_type == ErrorType.DATABASE_ERROR
        )

    alerting_system.add_alert_rule(
        name="critical_errors",
        condition=critical_error_condition,
        alert_level=AlertLevel.CRITICAL,
        message_template="Critical error: {error_type} at {endpoint}",
        cooldown_minutes=1,
    )

    async def slack_alert_channel(alert: Any) -> None:
        fields = [
            {"title": "Error Type", "value": alert["error_event"]["error_type"]},
            {"title": "Endpoint", "value": alert["error_event"]["endpoint"]},
            {"title": "User ID", "value": alert["error_event"]["user_id"] or "Unknown"},
        ]
        color = "danger" if alert["alert_level"] == "critical" else "warning"
        sent.append({"text": alert["message"], "attachments": [{"color": color, "fields": fields}]})

    alerting_system.add_alert_channel("slack", slack_alert_channel)

    ErrorTracker.log_error(MemoryError("full"), severity="CRITICAL", request_path="/videos/")

    (message,) = sent
    assert message["text"] == "Critical error: resource_error at /videos/"
    assert message["attachments"][0]["color"] == "danger"
    assert [field["value"] for field in message["attachments"][0]["fields"]] == [
        "resource_error",
        "/videos/",
        "Unknown",
    ]


def test_thresholds_of_the_monitor() -> None:
    before = thresholds.given()
    monitor = ErrorMonitor()
    try:
        monitor.alert_thresholds = {"critical": 1, "high": 5, "medium": 25, "low": 100}
        assert monitor.alert_thresholds["medium"] == 25
    finally:
        thresholds.replace(before)


def test_settings_of_the_protection_have_their_documented_defaults_and_can_be_set() -> None:
    found = get_error_rate()
    limit = (found.error_rate_limit_count, found.error_rate_limit_window_seconds, found.ip_block_duration_seconds)
    assert (limit, found.codex_trigger_cooldown_seconds) == ((5, 600, 3600), 600)
    assert (found.slack_notification_url, found.codex_trigger_url) == ("", "")
    with override_settings(ERROR_RATE_LIMIT_COUNT=10, IP_BLOCK_DURATION_SECONDS=2 * 60 * 60):
        found = get_error_rate()
        assert (found.error_rate_limit_count, found.ip_block_duration_seconds) == (10, 7200)
