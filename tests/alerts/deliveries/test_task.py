"""The task that delivers, from a transition to what a receiver gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.deliveries.models import Delivery
from tasks.alerts import deliver
from tests.alerts.deliveries.making import happen, incident, states
from tests.alerts.deliveries.receivers import Mailbox, WebReceiver

pytestmark = pytest.mark.usefixtures("database", "redis_client")


@pytest.fixture
def channels(database: None, hook: WebReceiver, mailbox: Mailbox, settings: Any) -> None:
    settings.ERROR_ALERT_RECIPIENTS = []
    common = {"severities": ["high"]}
    AlertChannel.objects.create(
        name="hook", kind="webhook", settings={"url": hook.url, "secret": "a secret of some length"}, **common
    )
    AlertChannel.objects.create(name="mail", kind="email", settings={"addresses": ["ops@example.com"]}, **common)


@pytest.mark.usefixtures("channels")
def test_what_fires_and_is_over_arrives_by_mail_and_by_webhook(hook: WebReceiver, mailbox: Mailbox) -> None:
    one = incident()
    happen("firing", one)
    deliver.apply(throw=True)
    happen("resolved", one, minutes=1)
    deliver.apply(throw=True)
    assert {state for _, state in states()} == {"sent"}
    assert [json.loads(text)["kind"] for text in hook.texts] == ["firing", "resolved"]
    assert [text.splitlines()[0] for text in mailbox.texts] == [
        "[High] Many errors of checkout",
        "[Resolved] Many errors of checkout",
    ]
    keys = {str(key) for key in Delivery.objects.values_list("idempotency_key", flat=True)}
    assert {*hook.arrived, *(arrived.strip("<>").partition("@")[0] for arrived in mailbox.arrived)} == keys


@pytest.mark.usefixtures("channels")
def test_without_redis_what_is_due_is_sent_all_the_same(hook: WebReceiver, settings: Any) -> None:
    happen("firing", incident())
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    deliver.apply(throw=True)
    assert len(hook.arrived) == 1
