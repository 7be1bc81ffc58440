from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from monitoring.alerts import links
from monitoring.alerts.acting import view
from monitoring.alerts.incidents.models import Incident, IncidentEntry, IncidentState
from monitoring.alerts.links import Act, ExpiredError, InvalidError
from monitoring.alerts.silences.models import Silence

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def incident() -> Incident:
    return Incident.objects.create(
        rule_name="New errors",
        key="ab" * 32,
        labels={"route": "POST api/orders/"},
        severity="critical",
        state=IncidentState.FIRING,
        started=NOW - timedelta(minutes=5),
        fired=NOW - timedelta(minutes=4),
        last_active=NOW,
        summary="<b>OperationalError</b>",
    )


@pytest.fixture
def browser() -> Client:
    """A browser without a login, held to CSRF like any other."""
    return Client(enforce_csrf_checks=True)


def path(incident: Incident, action: links.Action = "acknowledge", who: str = "ops@example.com") -> str:
    return f"/monitoring/alerts/act/{links.make(Act(incident.pk, action, who))}/"


def said(response: HttpResponse) -> str:
    return unescape(
        re.sub(r"<[^>]+>", "", re.sub(r"<style>.*?</style>", "", response.content.decode(), flags=re.DOTALL))
    )


def test_looking_asks_and_decides_nothing(browser: Client, incident: Incident) -> None:
    for method in (browser.get, browser.head):
        response: Any = method(path(incident))
        assert response.status_code == 200
    response = browser.get(path(incident))
    assert "Do you look after this?" in said(response)
    assert "<b>OperationalError</b>" in said(response)
    assert "<b>" not in response.content.decode()
    incident.refresh_from_db()
    assert incident.state == IncidentState.FIRING
    assert not IncidentEntry.objects.exists()


def test_it_is_acknowledged_in_the_name_of_whom_the_link_was_sent_to(browser: Client, incident: Incident) -> None:
    response: Any = browser.post(path(incident))
    assert response.status_code == 200
    assert "ops@example.com (by a link) looks after this." in said(response)
    incident.refresh_from_db()
    assert (incident.state, incident.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "ops@example.com (by a link)")


def test_doing_it_again_changes_nothing(browser: Client, incident: Incident) -> None:
    browser.post(path(incident))
    again: Any = browser.post(path(incident, who="late@example.com"))
    looked: Any = browser.get(path(incident, who="late@example.com"))
    assert "ops@example.com (by a link) looks after this." in said(again)
    assert "ops@example.com (by a link) looks after this." in said(looked)
    assert "<form" not in looked.content.decode()
    assert IncidentEntry.objects.count() == 1


def test_it_is_silenced_for_as_long_as_was_chosen_and_once(browser: Client, incident: Incident) -> None:
    asked: Any = browser.get(path(incident, "silence"))
    assert "For " in said(asked)
    assert 'value="86400"' in asked.content.decode()
    for _ in range(2):
        response: Any = browser.post(path(incident, "silence"), {"seconds": "86400"})
        assert "Nobody hears of this until" in said(response)
    (silence,) = Silence.objects.all()
    assert silence.who == "ops@example.com (by a link)"
    assert timedelta(hours=23) < silence.ends - datetime.now(UTC) <= timedelta(days=1)
    incident.refresh_from_db()
    assert incident.state == IncidentState.FIRING


def test_who_wants_it_silent_for_longer_gets_that(browser: Client, incident: Incident) -> None:
    for seconds in ("3600", "86400"):
        browser.post(path(incident, "silence"), {"seconds": seconds})
    assert Silence.objects.count() == 2


@pytest.mark.parametrize(
    "seconds",
    ["", "-1", "abc", "12", "59", "604801", "²", "٣٦٠٠", " 3600", "3600.0", "00008640000", "000003600999999999999"],
)
def test_a_time_that_cannot_be_is_refused_and_asked_for_again(
    browser: Client, incident: Incident, seconds: str
) -> None:
    response: Any = browser.post(path(incident, "silence"), {"seconds": seconds})
    assert response.status_code == 400
    assert "a minute to a week" in said(response)
    assert 'value="86400"' in response.content.decode()
    assert not Silence.objects.exists()


def test_a_number_of_thousands_of_digits_is_no_time(browser: Client, incident: Incident) -> None:
    response: Any = browser.post(path(incident, "silence"), {"seconds": "1" * 5_000})
    assert response.status_code == 400


@pytest.mark.parametrize("seconds", [60, 7 * 86_400])
def test_any_time_from_a_minute_to_a_week_will_do(browser: Client, incident: Incident, seconds: int) -> None:
    response: Any = browser.post(path(incident, "silence"), {"seconds": str(seconds)})
    assert response.status_code == 200
    (silence,) = Silence.objects.all()
    assert silence.ends - silence.starts == timedelta(seconds=seconds)


def _broken(*_args: object) -> None:
    raise OperationalError("the database is away")


def test_no_address_is_written_to_a_log(
    browser: Client, incident: Incident, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = path(incident, "silence")
    caplog.set_level("DEBUG")
    answers: list[Any] = [
        browser.put(address),
        browser.post(address, {"seconds": "x"}),
        browser.post(address, b"--x", content_type="multipart/form-data; boundary="),
        browser.post(address, {f"a{number}": "" for number in range(2_000)}),
        browser.get(address[:-3] + "/"),
    ]
    monkeypatch.setattr(view, "silence_incident", _broken)
    answers.append(browser.post(address, {"seconds": "3600"}))
    assert [one.status_code for one in answers] == [405, 400, 400, 400, 404, 503]
    assert all("text/html" in one["Content-Type"] and one["Cache-Control"] == "no-store" for one in answers)
    assert "the database is away" in caplog.text
    assert address.split("/")[-2][:-5] not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("django.request")]


def test_an_incident_that_no_silence_can_mean_is_said_to_be_one(browser: Client, incident: Incident) -> None:
    Incident.objects.update(labels={"route": "x" * 1_001})
    response: Any = browser.post(path(incident, "silence"), {"seconds": "3600"})
    assert response.status_code == 409


@pytest.mark.parametrize("action", links.ACTIONS)
def test_what_is_over_is_said_to_be_over(browser: Client, incident: Incident, action: links.Action) -> None:
    Incident.objects.update(state=IncidentState.RESOLVED, resolved=NOW)
    for method in (browser.get, browser.post):
        response: Any = method(path(incident, action))
        assert response.status_code == 200
        assert "This is over already" in said(response)
    assert not Silence.objects.exists()


def test_an_incident_that_is_gone_is_said_to_be_gone(browser: Client, incident: Incident) -> None:
    address = path(incident)
    incident.delete()
    response: Any = browser.get(address)
    assert response.status_code == 410


def test_what_does_not_fire_yet_cannot_be_acknowledged(browser: Client, incident: Incident) -> None:
    Incident.objects.update(state=IncidentState.PENDING)
    response: Any = browser.post(path(incident))
    assert response.status_code == 409


def test_a_link_expires(browser: Client, incident: Incident) -> None:
    with time_machine.travel(NOW - timedelta(days=7, minutes=1)):
        address = path(incident)
    for method in (browser.get, browser.post):
        response: Any = method(address)
        assert response.status_code == 410
        assert "This link has expired" in said(response)
    incident.refresh_from_db()
    assert incident.state == IncidentState.FIRING


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "x" + token,
        lambda _: "abc",
        lambda token: token.replace(".", ":"),
    ],
)
def test_a_link_that_was_changed_is_none(browser: Client, incident: Incident, change: Callable[[str], str]) -> None:
    token = links.make(Act(incident.pk, "acknowledge", "ops@example.com"))
    response: Any = browser.post(f"/monitoring/alerts/act/{change(token)}/")
    assert response.status_code == 404
    incident.refresh_from_db()
    assert incident.state == IncidentState.FIRING


def test_a_link_of_another_secret_key_is_none(incident: Incident, settings: Any) -> None:
    token = links.make(Act(incident.pk, "silence", ""))
    assert links.read(token) == Act(incident.pk, "silence", "")
    settings.SECRET_KEY = "another one"
    with pytest.raises(InvalidError):
        links.read(token)


def test_a_link_for_one_action_is_for_no_other(incident: Incident) -> None:
    assert links.read(links.make(Act(incident.pk, "silence", "x"))).action == "silence"
    forged = links._signer().sign_object([incident.pk, "delete", "x"])
    with pytest.raises(InvalidError):
        links.read(forged)


def test_expiry_is_seven_days(incident: Incident) -> None:
    with time_machine.travel(NOW - timedelta(days=6, hours=23)):
        young = links.make(Act(incident.pk, "acknowledge", ""))
    assert links.read(young).incident_id == incident.pk
    with time_machine.travel(NOW - timedelta(days=8)):
        old = links.make(Act(incident.pk, "acknowledge", ""))
    with pytest.raises(ExpiredError):
        links.read(old)


def test_the_page_is_neither_kept_nor_shown_to_others(browser: Client, incident: Incident) -> None:
    response: Any = browser.get(path(incident))
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "form-action 'self'" in response["Content-Security-Policy"]
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers


def test_an_address_is_absolute_or_there_is_none(incident: Incident, settings: Any) -> None:
    assert links.act_url(incident.pk, "acknowledge") == ""
    settings.MONITORING = {**settings.MONITORING, "PUBLIC_URL": "https://enginel.example.com/"}
    address = links.act_url(incident.pk, "acknowledge", "ops\r\n@example.com")
    assert re.fullmatch(r"https://enginel\.example\.com/monitoring/alerts/act/[\w.-]+/", address)
    assert links.read(address.split("/")[-2]).who == "ops @example.com"
