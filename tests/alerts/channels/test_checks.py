from __future__ import annotations

from typing import Any

from monitoring import checks


def test_a_placeholder_among_recipients_is_an_error_that_names_the_accepted_forms(settings: Any) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["error-team@example.com", "slack-webhook-url"]
    (found,) = checks.check_recipients()
    assert found.id == "monitoring.E011"
    assert "Entry 2 of ERROR_ALERT_RECIPIENTS" in found.msg
    assert "an Apprise URL" in found.msg


def test_a_url_that_apprise_cannot_use_is_an_error_without_the_url(settings: Any) -> None:
    settings.ERROR_ESCALATION_RECIPIENTS = ["discord://1234/abcd", "nothing://sesame", "dbus://sesame"]
    found = checks.check_services()
    assert [one.id for one in found] == ["monitoring.E012"] * 2
    assert "sesame" not in str(found)


def test_settings_that_are_right_are_no_error(settings: Any) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["ops@example.com", "https://hooks.slack.com/services/T0/B0/x"]
    settings.ALERTS_BY_SEVERITY = {"critical": ["boss@example.com"], "LOW": []}
    assert [*checks.check_recipients(), *checks.check_services()] == []
