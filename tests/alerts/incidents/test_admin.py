"""Incidents in the admin: shown with their histories, and decided about by those who may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.deliveries.models import Delivery
from monitoring.alerts.incidents import actions
from monitoring.alerts.incidents.models import Evaluation, Incident, IncidentEntry, RuleTrouble
from monitoring.alerts.silences.models import Silence

pytestmark = pytest.mark.django_db
URL = "/admin/monitoring/incident/"


@pytest.fixture
def ada(client: Client) -> Client:
    user = get_user_model().objects.create_superuser("ada", password=None)
    client.force_login(user)
    return client


def make(key: str = "k", **values: Any) -> Incident:
    now = datetime.now(UTC)
    given = {"rule_name": "r", "severity": "high", "started": now, "fired": now, "last_active": now, "state": "firing"}
    return Incident.objects.create(**{**given, "key": key, "summary": f"<b>{key}", "labels": {"a": "<i>"}, **values})


def act(client: Client, action: str, *rows: Incident) -> list[str]:
    answer = client.post(URL, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_an_incident_is_shown_with_its_history_and_changed_by_nobody(ada: Client) -> None:
    row = make()
    actions.comment(row.pk, "<script>looking", "Grace")
    actions.acknowledge(row.pk, "Grace")
    page = ada.get(f"{URL}{row.pk}/change/").content.decode()
    assert "<td>acknowledged</td><td>Grace</td>" in page
    assert "&lt;script&gt;looking" in page
    assert "<script>looking" not in page
    assert "&lt;b&gt;k" in ada.get(URL, {"q": "k"}).content.decode()
    assert ada.get(f"{URL}add/").status_code == 403
    assert ada.post(f"{URL}{row.pk}/change/", {"summary": "x"}).status_code == 403
    assert ada.post(f"{URL}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_incidents_are_acknowledged_and_silenced_by_whoever_is_logged_in(ada: Client) -> None:
    first, second, over = make("1"), make("2"), make("3", state="resolved")
    said = act(ada, "acknowledge", first, second, over)
    assert said == [
        "Acknowledged 2 incidents.",
        "1 incident not changed: The incident is resolved: only one that is firing can be acknowledged.",
    ]
    assert set(IncidentEntry.objects.values_list("kind", "who")) == {("acknowledged", "ada")}
    assert act(ada, "unacknowledge", first) == ["No longer acknowledged: 1 incident."]
    assert act(ada, "silence_for_an_hour", first) == ["Silenced 1 incident."]
    assert act(ada, "silence_for_a_day", first) == ["Silenced 1 incident."]
    assert list(Silence.objects.values_list("who", flat=True)) == ["ada", "ada"]
    assert act(ada, "resolve", first, make("4", event=True))[0] == "Resolved 1 incident."


def test_who_may_only_look_decides_nothing(client: Client) -> None:
    user = get_user_model().objects.create_user("eve", password=None, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_incident"))
    client.force_login(user)
    row = make()
    assert client.get(URL).status_code == 200
    client.post(URL, {"action": "acknowledge", "_selected_action": [row.pk]}, follow=True)
    row.refresh_from_db()
    assert row.state == "firing"


def test_the_number_of_queries_does_not_grow(ada: Client) -> None:
    ada.get(URL)
    counted = []
    for number in (2, 20):
        for one in range(number):
            make(f"{number} {one}")
        with CaptureQueriesContext(connection) as context:
            ada.get(URL)
        counted.append(len(context))
    assert counted[0] == counted[1]


def test_how_evaluating_goes_is_shown(ada: Client) -> None:
    Evaluation.objects.create()
    RuleTrouble.objects.create(rule_name="bad", failures=3, since=datetime.now(UTC), error="ValueError: no")
    for model in ("evaluation", "ruletrouble"):
        assert ada.get(f"/admin/monitoring/{model}/").status_code == 200
    assert "ValueError: no" in ada.get("/admin/monitoring/ruletrouble/").content.decode()


def test_on_its_page_an_incident_is_decided_about_and_commented(ada: Client) -> None:
    row = make()
    address = f"{URL}{row.pk}/change/"
    assert 'value="acknowledge"' in ada.get(address).content.decode()
    answer = ada.post(URL, {"action": "acknowledge", "_selected_action": [row.pk], "of": str(row.pk)})
    assert (answer.status_code, answer["Location"]) == (302, address)
    page = ada.get(address).content.decode()
    assert ('value="unacknowledge"' in page, 'value="acknowledge"' in page) == (True, False)
    ada.post(f"{URL}{row.pk}/comment/", {"text": "on it"})
    assert IncidentEntry.objects.filter(incident=row, detail={"text": "on it"}).count() == 1
    assert ada.get(f"{URL}{row.pk}/comment/").status_code == 405
    Incident.objects.filter(pk=row.pk).update(state="resolved")
    assert 'name="action"' not in ada.get(address).content.decode()


def test_who_was_told_is_shown_with_what_went_wrong(ada: Client) -> None:
    row = make()
    entry = IncidentEntry.objects.create(incident=row, at=row.started, kind="firing")
    Delivery.objects.create(
        entry=entry,
        incident=row,
        incident_key=row.key,
        destination="x",
        label="<ops>",
        channel="email",
        kind="firing",
        state="dead",
        last_error="Nobody is at home.",
    )
    page = ada.get(f"{URL}{row.pk}/change/").content.decode()
    assert "<td>&lt;ops&gt;</td><td>dead</td><td>Nobody is at home.</td>" in page


def test_whoever_may_only_look_cannot_comment(client: Client) -> None:
    user = get_user_model().objects.create_user("eve", password=None, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_incident"))
    client.force_login(user)
    row = make()
    assert client.post(f"{URL}{row.pk}/comment/", {"text": "x"}).status_code == 403
    page = client.get(f"{URL}{row.pk}/change/").content.decode()
    assert 'name="action"' not in page
