from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.alerts.channels import routing, trial
from monitoring.alerts.channels.base import Destination
from monitoring.alerts.channels.code import CodeChannel
from monitoring.alerts.channels.email import EmailChannel
from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.channels.redaction import SECRET, merged, shown
from monitoring.alerts.channels.trial import Outcome, Result
from monitoring.alerts.in_code import discovery

from .mailbox import Mailbox

pytestmark = pytest.mark.django_db
HOOK = "https://hooks.slack.com/services/T000/B000/secretsecret"


def labels(found: list[Destination]) -> list[str]:
    return [one.label for one in found]


def row(name: str, **other: Any) -> AlertChannel:
    values: dict[str, Any] = {"kind": "slack", "settings": {"url": HOOK}, "severities": ["critical"]}
    return AlertChannel.objects.create(name=name, **values | other)


@pytest.fixture
def in_code() -> Iterator[list[Any]]:
    """What the channel `pager` of the project's code was told."""
    alerts: list[Any] = []
    discovery.share("pager", alerts.append)
    yield alerts
    discovery._shared.pop("pager")


def test_a_severity_goes_to_recipients_of_the_settings_to_rows_and_to_code(settings: Any, in_code: list[Any]) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["ops@example.com", "discord://1234/secretsecret"]
    settings.ALERTS_BY_SEVERITY = {"low": []}
    row("ops room")
    row("off", enabled=False)
    row("two people", kind="email", settings={"addresses": ["a@example.com", "b@example.com"]}, severities=["low"])
    critical = routing.for_severity("CRITICAL")
    assert labels(critical)[0] == "ops@example.com"
    assert labels(critical)[1].startswith("discord:// ")
    assert labels(critical)[2:] == ["ops room", "pager (code)"]
    assert labels(routing.for_severity("low")) == [
        "two people: a@example.com",
        "two people: b@example.com",
        "pager (code)",
    ]
    assert "secretsecret" not in str(critical)


def test_names_lead_to_rows_and_to_code_and_unknown_ones_nowhere(in_code: list[Any]) -> None:
    first, second = row("first", severities=[]), row("second", hourly_limit=5)
    found = routing.for_names(["second", "nowhere", "pager", "first", "second"])
    assert [one.key for one in found] == [f"channel:{second.pk}", f"channel:{first.pk}", "code:pager"]
    assert (found[0].hourly_limit, found[0].digest, found[2].digest) == (5, True, False)


def test_escalation_goes_to_its_recipients_and_to_rows_that_are_for_it(settings: Any) -> None:
    settings.ERROR_ESCALATION_RECIPIENTS = ["boss@example.com"]
    row("phone", severities=[], escalation=True)
    row("room")
    assert labels(routing.escalation()) == ["boss@example.com", "phone"]


def test_each_key_leads_back_to_its_channel(settings: Any, in_code: list[Any]) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["ops@example.com", HOOK]
    row("mail", kind="email", settings={"addresses": ["a@example.com"]})
    found = routing.for_severity("critical")
    assert [getattr(routing.destination(one.key), "kind", "") for one in found] == [one.kind for one in found]
    assert [one.kind for one in found] == ["email", "slack", "email", "code"]
    assert isinstance(routing.destination("code:pager"), CodeChannel)
    assert isinstance(routing.destination(found[2].key), EmailChannel)
    assert {one.key for one in found} <= {one.key for one in routing.everywhere()}


@pytest.mark.parametrize(
    "key", ["", "channel:", "channel:x", "channel:999999", "settings:", "settings:00", "code:gone", "what:1"]
)
def test_a_key_of_nothing_leads_nowhere(key: str) -> None:
    assert routing.destination(key) is None


def test_what_was_taken_out_or_switched_off_is_not_reached(settings: Any) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["ops@example.com"]
    channel = row("room")
    keys = [one.key for one in routing.for_severity("critical")]
    settings.ERROR_ALERT_RECIPIENTS = []
    AlertChannel.objects.filter(pk=channel.pk).update(enabled=False)
    assert [routing.destination(key) for key in keys] == [None, None]


@pytest.mark.parametrize("broken", [{"settings": []}, {"settings": {"url": 5}}, {"severities": 5}, {"kind": "pigeon"}])
def test_a_row_that_cannot_work_keeps_nobody_else_from_being_told(settings: Any, broken: dict[str, Any]) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["ops@example.com"]
    channel = row("broken", **broken)
    assert "ops@example.com" in labels(routing.for_severity("critical"))
    if "severities" in broken:
        return
    assert routing.destination(f"channel:{channel.pk}") is None
    assert shown(channel.kind, channel.settings) in ({}, {"url": SECRET})
    assert trial.send_test(channel, "ada")[0].result is Result.REFUSED


def test_a_test_is_sent_at_once_and_says_what_came_of_it_at_each_address(mailbox: Mailbox) -> None:
    mailbox.recipients["b@example.com"] = "550 no such user"
    channel = row("mail", kind="email", settings={"addresses": ["a@example.com", "b@example.com"]}, enabled=False)
    assert trial.send_test(channel, "ada") == [
        Outcome("mail: a@example.com", Result.SENT),
        Outcome("mail: b@example.com", Result.REFUSED, "The mail server refuses the recipient: 550 no such user"),
    ]
    (received,) = mailbox.mails()
    assert received["Subject"] == "[Test] Enginel reaches you"
    body = received.get_body(("plain",))
    assert body is not None
    assert "This is a test." in body.get_content()
    assert "ada asked for it." in body.get_content()


def test_who_waits_for_a_test_does_not_wait_for_ever(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_SECONDS", -1.0)
    channel = row("mail", kind="email", settings={"addresses": ["a@example.com"]})
    (outcome,) = trial.send_test(channel, "ada")
    assert (outcome.result, outcome.detail) == (Result.FAILED, "It was not tried: the others took too long.")
    assert mailbox.received == []


def test_a_recipient_of_the_settings_and_code_can_be_tested_as_well(
    settings: Any, mailbox: Mailbox, in_code: list[Any]
) -> None:
    settings.ERROR_ALERT_RECIPIENTS = ["ops@example.com"]
    outcomes = [trial.send_test_to(one, "ada") for one in routing.for_severity("high")]
    assert outcomes == [Outcome("ops@example.com", Result.SENT), Outcome("pager (code)", Result.SENT)]
    assert in_code[0]["kind"] == "test"
    gone = trial.send_test_to(Destination("channel:0", "gone", "slack"), "ada")
    assert gone.result is Result.REFUSED


def test_secrets_are_not_shown_and_stay_unless_they_are_changed() -> None:
    stored = {"url": "https://x.example/sesame", "secret": "a-secret-of-sixteen", "previous_secret": "b"}
    assert shown("webhook", stored) == dict.fromkeys(stored, SECRET)
    assert shown("email", {"addresses": ["a@example.com"]}) == {"addresses": ["a@example.com"]}
    assert shown("pigeon", {"ring": "sesame"}) == {"ring": SECRET}
    new = merged("webhook", stored, {"url": SECRET, "secret": "another-secret-here", "previous_secret": ""})
    assert new == {"url": "https://x.example/sesame", "secret": "another-secret-here"}
    assert merged("email", {"addresses": ["a@b.c"]}, {"addresses": ["d@e.f"]}) == {"addresses": ["d@e.f"]}
