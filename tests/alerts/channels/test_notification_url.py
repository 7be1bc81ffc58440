from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.base import PermanentError
from monitoring.alerts.channels.notification_url import NotificationUrlChannel

from .making import KEY, message


def test_the_endpoint_of_the_operator_gets_plain_json_even_at_a_private_address(
    httpserver: HTTPServer, settings: Any
) -> None:
    httpserver.expect_request("/api/alerts/notify-slack", method="POST").respond_with_data("")
    settings.SLACK_NOTIFICATION_URL = httpserver.url_for("/api/alerts/notify-slack")
    NotificationUrlChannel().send(message())
    ((request, _),) = httpserver.log
    assert request.headers["Idempotency-Key"] == KEY
    assert json.loads(request.data) == {
        "text": rendering.text(message()).rstrip(),
        "title": "[Critical] OperationalError: database is locked",
        "kind": "firing",
        "severity": "critical",
        "at": "2026-11-22T18:12:03Z",
        "idempotency_key": KEY,
        "incidents": [7],
    }


def test_without_the_setting_nothing_is_sent(settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = ""
    with pytest.raises(PermanentError, match="SLACK_NOTIFICATION_URL is not set"):
        NotificationUrlChannel().send(message())
