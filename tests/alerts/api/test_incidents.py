"""Incidents over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitoring.alerts.incidents.models import Incident
from monitoring.alerts.silences.models import Silence

from .incidents import NOW, incident

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/alerts/incidents/"
JSON = "application/json"


def ids(api: Client, **query: str) -> list[int]:
    return [row["id"] for row in api.get(URL, query).json()["results"]]


def test_incidents_are_listed_the_newest_first_and_can_be_narrowed_down(api: Client) -> None:
    one, two = incident(1), incident(2, state="acknowledged", severity="critical")
    three = incident(3, state="resolved", resolved=NOW, rule_name="beat dead")
    four = incident(4, silenced=True)
    assert ids(api) == [four.pk, three.pk, two.pk, one.pk]
    assert ids(api, state="open") == [four.pk, two.pk, one.pk]
    assert ids(api, state="resolved,acknowledged") == [three.pk, two.pk]
    assert ids(api, severity="critical") == [two.pk]
    assert ids(api, rule="beat dead") == ids(api, search="BEAT") == [three.pk]
    assert ids(api, muted="true") == [four.pk]
    assert ids(api, since=(NOW + timedelta(minutes=3)).isoformat()) == [four.pk, three.pk]
    page = api.get(URL, {"limit": "1"}).json()
    assert [row["id"] for row in api.get(page["next"]).json()["results"]] == [three.pk]


@pytest.mark.parametrize("query", [{"state": "odd"}, {"severity": "x"}, {"limit": "0"}, {"no": "1"}, {"since": "x"}])
def test_wrong_parameters_are_refused(api: Client, query: dict[str, str]) -> None:
    assert api.get(URL, query).status_code == 400


def test_lists_take_the_same_queries_however_long_they_are(api: Client, django_assert_num_queries: Any) -> None:
    for number in range(5):
        incident(number)
    with django_assert_num_queries(2):  # the token with its user, the page
        assert len(ids(api)) == 5


def test_an_incident_is_acknowledged_and_taken_back_with_its_history(api: Client) -> None:
    one = incident()
    shown = api.post(f"{URL}{one.pk}/acknowledge/", content_type=JSON).json()
    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "ada")
    again = api.post(f"{URL}{one.pk}/acknowledge/", content_type=JSON).json()
    assert [(entry["kind"], entry["who"]) for entry in again["history"]] == [("acknowledged", "ada")]
    back = api.post(f"{URL}{one.pk}/unacknowledge/", content_type=JSON).json()
    assert (back["state"], back["acknowledged_by"]) == ("firing", "")
    assert [entry["kind"] for entry in back["history"]] == ["unacknowledged", "acknowledged"]


def test_a_decision_about_what_has_changed_meanwhile_is_refused(api: Client) -> None:
    one = incident(version=3)
    refused = api.post(f"{URL}{one.pk}/acknowledge/", {"version": 2}, content_type=JSON)
    assert refused.status_code == 409
    assert api.post(f"{URL}{one.pk}/acknowledge/", {"version": 3}, content_type=JSON).status_code == 200


def test_only_what_is_over_or_happened_once_is_resolved_by_hand(api: Client) -> None:
    lasting, event = incident(1), incident(2, event=True)
    refused = api.post(f"{URL}{lasting.pk}/resolve/", content_type=JSON)
    assert (refused.status_code, "acknowledge or silence" in refused.json()["detail"]) == (409, True)
    assert api.post(f"{URL}{event.pk}/resolve/", content_type=JSON).json()["state"] == "resolved"


def test_an_incident_is_silenced_by_its_labels(api: Client) -> None:
    one = incident()
    answer = api.post(f"{URL}{one.pk}/silence/", {"seconds": 3600, "comment": "known"}, content_type=JSON)
    assert answer.status_code == 200
    (silence,) = Silence.objects.all()
    assert (silence.who, silence.comment) == ("ada", "known")
    assert {(m["name"], m["op"], m["value"]) for m in silence.matchers} == {
        ("queue", "=", "q1"),
        ("rule", "=", "queue age"),
    }
    for seconds in (0, -1, 10**9, "x", None):
        body = {"seconds": seconds}
        assert api.post(f"{URL}{one.pk}/silence/", body, content_type=JSON).status_code == 400


def test_comments_are_part_of_the_history(api: Client) -> None:
    one = incident()
    made = api.post(f"{URL}{one.pk}/comments/", {"text": "on it"}, content_type=JSON)
    assert (made.status_code, made.json()["detail"]) == (201, {"text": "on it"})
    assert api.get(f"{URL}{one.pk}/").json()["history"][0]["detail"] == {"text": "on it"}
    for body in ({}, {"text": ""}, {"text": "a\0b"}, {"text": "x" * 10_001}, {"text": "x", "odd": 1}):
        assert api.post(f"{URL}{one.pk}/comments/", body, content_type=JSON).status_code == 400


@pytest.mark.parametrize("pk", [0, 999, 2**63, 10**30])
@pytest.mark.parametrize("what", ["", "acknowledge/", "unacknowledge/", "resolve/", "silence/", "comments/"])
def test_what_does_not_exist_is_not_found(api: Client, pk: int, what: str) -> None:
    body = {"silence/": {"seconds": 60}, "comments/": {"text": "x"}}.get(what, {})
    address = f"{URL}{pk}/{what}"
    answer = api.post(address, body, content_type=JSON) if what else api.get(address)
    assert answer.status_code == 404


def test_strangers_see_and_decide_nothing(client: Client) -> None:
    one = incident()
    assert client.get(URL).status_code == 401
    assert client.post(f"{URL}{one.pk}/acknowledge/", content_type=JSON).status_code == 401
    assert Incident.objects.get().state == "firing"


def test_the_documented_history_tells_what_fired_lately_and_what_still_does(api: Client) -> None:
    now = datetime.now(UTC)
    old = now - timedelta(days=3)
    incident(1, fired=now, severity="critical")
    incident(2, fired=old)
    incident(3, fired=old, state="resolved", resolved=old)
    incident(4, fired=None, state="pending")
    answer = api.get("/api/metrics/alerts", {"hours": "24"}).json()
    assert (answer["hours"], answer["total_alerts"]) == (24, 2)
    assert answer["alerts_by_level"] == {"critical": 1, "error": 1, "warning": 0, "info": 0}
    assert [alert["alert_level"] for alert in answer["alerts"]] == ["critical", "error"]
    assert api.get("/api/metrics/alerts", {"hours": "0"}).status_code == 400
    assert api.get("/api/metrics/alerts/").status_code in (200, 404)
