from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.alerts.channels.models import AlertChannel

from .mailbox import Mailbox

pytestmark = pytest.mark.django_db
LIST = "/admin/monitoring/alertchannel/"
SECRET = "sesame-sesame-sesame"
BASE = {"name": "robot", "severities": ["critical", "high"], "enabled": "on", "hourly_limit": "60"}


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ada", password=None))
    return client


@pytest.fixture
def hook() -> AlertChannel:
    settings = {"url": f"https://x.example/{SECRET}", "secret": SECRET, "previous_secret": SECRET}
    return AlertChannel.objects.create(name="robot", kind="webhook", settings=settings, severities=["low"])


def test_a_channel_is_made_with_the_settings_of_its_kind_alone(staff: Client) -> None:
    form = {
        **BASE,
        "kind": "email",
        "email_addresses": "a@example.com\n b@example.com, c@example.com",
        "slack_url": "https://x",
    }
    response = staff.post(f"{LIST}add/", form)
    assert response.status_code == 302, response.context["errors"]
    channel = AlertChannel.objects.get()
    assert channel.settings == {"addresses": ["a@example.com", "b@example.com", "c@example.com"]}
    assert (channel.severities, channel.changed_by) == (["critical", "high"], "ada")


def test_what_cannot_work_is_told_without_the_secret(staff: Client) -> None:
    form = {**BASE, "kind": "webhook", "webhook_url": f"ftp://{SECRET}", "webhook_secret": SECRET}
    response: Any = staff.post(f"{LIST}add/", form)
    assert response.status_code == 200
    text = response.content.decode()
    assert "must be an http(s) address" in text
    assert SECRET not in text
    assert not AlertChannel.objects.exists()


def test_secrets_are_shown_nowhere(staff: Client, hook: AlertChannel) -> None:
    for address in (LIST, f"{LIST}{hook.pk}/change/", f"{LIST}{hook.pk}/history/", f"{LIST}{hook.pk}/delete/"):
        page = staff.get(address)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()


def test_a_secret_stays_until_it_is_changed_or_forgotten(staff: Client, hook: AlertChannel) -> None:
    form = {**BASE, "name": "renamed", "webhook_secret": "another-secret-here", "webhook_previous_secret_forget": "on"}
    assert staff.post(f"{LIST}{hook.pk}/change/", form).status_code == 302
    hook.refresh_from_db()
    assert hook.settings == {"url": f"https://x.example/{SECRET}", "secret": "another-secret-here"}
    assert (hook.name, hook.kind, hook.severities) == ("renamed", "webhook", ["critical", "high"])
    assert SECRET not in str(list(LogEntry.objects.values()))
    assert "another-secret" not in str(list(LogEntry.objects.values()))


def test_what_is_no_secret_is_shown_to_be_changed(staff: Client) -> None:
    mail = AlertChannel.objects.create(
        name="mail", kind="email", settings={"addresses": ["a@b.example", "c@d.example"]}
    )
    page = staff.get(f"{LIST}{mail.pk}/change/").content.decode()
    assert "a@b.example\nc@d.example</textarea>" in page
    assert "slack_url" not in page


def test_a_test_says_what_came_of_it(staff: Client, mailbox: Mailbox) -> None:
    mailbox.recipients["b@example.com"] = "450 later"
    addresses = ["a@example.com", "b@example.com"]
    mail = AlertChannel.objects.create(name="mail", kind="email", settings={"addresses": addresses}, enabled=False)
    broken = AlertChannel.objects.create(name="x", kind="slack", settings={})
    form = {"action": "send_test", "_selected_action": [mail.pk, broken.pk]}
    response: Any = staff.post(LIST, form, follow=True)
    assert [str(one) for one in response.context["messages"]] == [
        "mail: a@example.com: sent.",
        "mail: b@example.com: failed. The mail server refuses the recipient: 450 later",
        "x: refused. 'url' is missing.",
    ]
    assert len(mailbox.received) == 1
