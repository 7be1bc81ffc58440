"""Channels over HTTP: their secrets go in and never come out."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from monitoring.alerts.channels.models import AlertChannel

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/alerts/channels/"
JSON = "application/json"
SECRET = "a-very-secret-signing-key-of-ours"
HOOK = {"name": "hook", "kind": "webhook", "settings": {"url": "https://example.com/hook", "secret": SECRET}}
MAIL = {"name": "ops", "kind": "email", "settings": {"addresses": ["ops@example.com"]}, "severities": ["HIGH"]}


def make(api: Client, body: dict[str, Any], **changes: Any) -> Any:
    return api.post(URL, {**body, **changes}, content_type=JSON)


def test_kinds_tell_their_settings(api: Client) -> None:
    kinds = {kind["name"]: kind for kind in api.get(f"{URL}kinds/").json()}
    assert {"email", "slack", "webhook", "apprise", "notification_url"} <= set(kinds)
    assert {one["name"]: one["secret"] for one in kinds["webhook"]["settings"]}["secret"] is True


def test_a_secret_is_stored_and_never_shown_again(api: Client) -> None:
    made = make(api, HOOK)
    assert (made.status_code, SECRET in made.content.decode()) == (201, False)
    address = f"{URL}{made.json()['id']}/"
    for shown in (api.get(URL), api.get(address)):
        assert SECRET not in shown.content.decode()
    assert AlertChannel.objects.get().settings["secret"] == SECRET
    kept = {**made.json()["settings"]}
    assert api.patch(address, {"settings": kept, "enabled": False}, content_type=JSON).status_code == 200
    channel = AlertChannel.objects.get()
    assert (channel.settings["secret"], channel.enabled, channel.changed_by) == (SECRET, False, "ada")
    assert api.delete(address).status_code == 204


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"kind": "pigeon"}, "kind"),
        ({"settings": {}}, "settings"),
        ({"settings": {"url": "file:///etc/passwd"}}, "settings"),
        ({"settings": "https://example.com"}, "settings"),
        ({"settings": {**HOOK["settings"], "odd": 1}}, "settings"),  # type: ignore[dict-item]
        ({"severities": ["loud"]}, "severities"),
        ({"hourly_limit": -1}, "hourly_limit"),
        ({"odd": 1}, "odd"),
    ],
)
def test_channels_that_cannot_work_are_refused_without_repeating_secrets(
    api: Client, wrong: dict[str, Any], field: str
) -> None:
    answer = make(api, HOOK, **wrong)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert SECRET not in answer.content.decode()


def test_names_are_taken_once_and_kinds_do_not_change(api: Client) -> None:
    made = make(api, HOOK)
    assert make(api, HOOK).status_code == 409
    changed = api.patch(f"{URL}{made.json()['id']}/", {"kind": "slack"}, content_type=JSON)
    assert (changed.status_code, list(changed.json()["errors"])) == (400, ["kind"])


def test_a_test_is_sent_at_once_and_its_outcome_told(api: Client) -> None:
    made = make(api, MAIL).json()
    assert made["severities"] == ["high"]
    (outcome,) = api.post(f"{URL}{made['id']}/test/", content_type=JSON).json()
    assert (outcome["result"], "ops@example.com" in outcome["to"]) == ("sent", True)
    (message,) = mail.outbox
    assert message.to == ["ops@example.com"]


def test_recipients_are_told_by_severity_and_tried(api: Client) -> None:
    make(api, MAIL, escalation=True)
    told = {one["severity"]: one["to"] for one in api.get("/api/monitoring/alerts/recipients/").json()}
    assert set(told) == {"critical", "high", "medium", "low", "escalation"}
    assert [len(told[one]) for one in ("high", "low", "escalation")] == [1, 0, 1]
    (outcome,) = api.post("/api/monitoring/alerts/recipients/", content_type=JSON).json()
    assert outcome["result"] == "sent"


@pytest.mark.parametrize("pk", [0, 2**63])
def test_what_does_not_exist_is_not_found(api: Client, pk: int) -> None:
    assert api.get(f"{URL}{pk}/").status_code == api.delete(f"{URL}{pk}/").status_code == 404
    assert api.post(f"{URL}{pk}/test/", content_type=JSON).status_code == 404


def test_strangers_may_do_nothing(client: Client) -> None:
    assert client.get(URL).status_code == client.post(URL, HOOK, content_type=JSON).status_code == 401
    assert client.post("/api/monitoring/alerts/recipients/").status_code == 401
