"""Deliveries over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.alerts.deliveries.models import Delivery, DeliveryGate
from monitoring.alerts.incidents.models import Incident, IncidentEntry

from .incidents import incident

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/alerts/deliveries/"
JSON = "application/json"


def delivery(state: str = "sent", channel: str = "email") -> Delivery:
    one = incident(Delivery.objects.count() + 1)
    entry = IncidentEntry.objects.create(incident=one, at=one.started, kind="firing")
    values: dict[str, Any] = {"settled": timezone.now()} if state in ("sent", "dead", "dropped") else {}
    return Delivery.objects.create(
        entry=entry,
        incident=one,
        incident_key=one.key,
        destination="settings:x",
        label="ops@example.com",
        channel=channel,
        kind="firing",
        state=state,
        idempotency_key=uuid4(),
        **values,
    )


def test_deliveries_are_listed_the_newest_first_and_can_be_narrowed_down(api: Client) -> None:
    one, two = delivery(), delivery("dead", "slack")
    assert [row["id"] for row in api.get(URL).json()["results"]] == [two.pk, one.pk]
    (dead,) = api.get(URL, {"state": "dead,pending"}).json()["results"]
    assert (dead["id"], dead["to"], dead["channel"]) == (two.pk, "ops@example.com", "slack")
    assert [row["id"] for row in api.get(URL, {"incident": str(one.incident_id)}).json()["results"]] == [one.pk]
    assert api.get(URL, {"channel": "webhook"}).json()["results"] == []
    for query in ({"state": "odd"}, {"incident": "x"}, {"odd": "1"}):
        assert api.get(URL, query).status_code == 400


def test_what_was_given_up_is_sent_again_and_nothing_else(api: Client) -> None:
    sent, dead = delivery(), delivery("dead")
    assert api.post(f"{URL}{sent.pk}/send-again/", content_type=JSON).status_code == 409
    again = api.post(f"{URL}{dead.pk}/send-again/", content_type=JSON)
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert again.json()["idempotency_key"] == str(dead.idempotency_key)
    for pk in (0, 2**63):
        assert api.post(f"{URL}{pk}/send-again/", content_type=JSON).status_code == 404


def test_strangers_may_do_nothing(client: Client) -> None:
    assert client.get(URL).status_code == 401
    assert client.get("/api/monitoring/alerts/destinations/").status_code == 401


def test_destinations_are_listed(api: Client) -> None:
    assert api.get("/api/monitoring/alerts/destinations/").json() == []


def test_a_destination_that_is_left_alone_is_tried_at_once(api: Client) -> None:
    url, later = "/api/monitoring/alerts/destinations/", timezone.now() + timedelta(hours=1)
    DeliveryGate.objects.create(key="channel:7", label="ops", channel="slack", failures=3, paused_until=later)
    one = delivery("pending")
    Delivery.objects.update(destination="channel:7", attempts=3, next_at=later)
    (listed,) = api.get(url).json()
    again = api.post(f"{url}{listed['id']}/try/", content_type=JSON)
    assert (again.status_code, again.json()["paused_until"]) == (202, None)
    one.refresh_from_db()
    assert one.next_at < later
    assert api.post(f"{url}channel:8/try/", content_type=JSON).status_code == 404


def test_that_something_goes_on_is_not_sent_again_when_it_is_over(api: Client) -> None:
    dead = delivery("dead")
    Delivery.objects.update(kind="milestone")
    Incident.objects.update(state="resolved")
    answer = api.post(f"{URL}{dead.pk}/send-again/", content_type=JSON)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This told that the incident goes on, and it is over.",
    )
