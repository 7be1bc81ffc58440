"""How deliveries stand: in the health, in the metrics, in the admin; and what is dropped in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.alerts.channels.base import PermanentError, TemporaryError
from monitoring.alerts.deliveries.checks import judge
from monitoring.alerts.deliveries.families import families
from monitoring.alerts.deliveries.models import AlertDigest, Delivery, DeliveryGate
from monitoring.alerts.deliveries.reading import Standing, standing
from monitoring.alerts.deliveries.retention import prune
from monitoring.alerts.deliveries.totals import totals
from monitoring.alerts.incidents.models import Incident
from monitoring.conf import Config
from tests.alerts.deliveries.making import Place, at, channel, fire, happen, incident, key, send, states

CONFIG = Config(delivery_retention_days=30)


@pytest.mark.parametrize(
    ("seen", "status", "said"),
    [
        (Standing(0, 0.0, 0, 0), "healthy", "arrive"),
        (Standing(3, 299.0, 0, 0), "healthy", "arrive"),
        (Standing(0, 0.0, 2, 0), "degraded", "2 given up within the last hour"),
        (Standing(0, 0.0, 0, 1), "degraded", "1 destination failing"),
        (Standing(0, 0.0, 0, 0, 1), "unhealthy", "nobody could be told of 1 critical incident"),
        (Standing(1, 300.0, 0, 2), "degraded", "2 destinations failing, the oldest has waited for 300 s"),
    ],
)
def test_where_people_are_not_told_the_health_says_so(seen: Standing, status: str, said: str) -> None:
    outcome = judge(seen)
    assert outcome.status == status
    assert said in outcome.message


@pytest.mark.django_db
def test_how_deliveries_stand_is_read() -> None:
    channel()
    place = Place()
    place.fails = TemporaryError("Away.", retry_after=60)
    fire("one"), fire("other")
    send(0, place)
    assert standing(at(5), at(-60)) == Standing(2, 300.0, 0, 1)
    place.fails = PermanentError("No.")
    send(5, place)
    assert standing(at(5), at(-60)).dead == 1
    assert standing(at(90), at(30)).dead == 0


@pytest.mark.django_db
def test_metrics_begin_at_zero_and_tell_what_became_of_messages() -> None:
    def samples() -> dict[tuple[str, str], float]:
        found = [one for family in families(CONFIG) for one in family.samples]
        return {(one.name, one.labels.get("outcome", "")): one.value for one in found}

    assert samples()["enginel_alert_deliveries_total", "sent"] == 0
    channel()
    fire()
    assert samples()["enginel_alert_deliveries_waiting", ""] == 1
    send(0, Place())
    happen("resolved", fire("short"), minutes=1)
    prune(CONFIG)
    found = samples()
    assert found["enginel_alert_deliveries_total", "sent"] == 1
    assert found["enginel_alert_deliveries_total", "dropped"] == 1
    assert found["enginel_alert_deliveries_waiting", ""] == 0
    assert found["enginel_alert_destinations_failing", ""] == 0


@pytest.mark.django_db
def test_what_is_told_long_ago_goes_and_its_totals_stay() -> None:
    channel()
    place, many = Place(), [incident(f"route {number}") for number in range(6)]
    happen("firing", *many)
    send(0, place)
    lasting = fire("lasting", minutes=2)
    send(2, place)
    Incident.objects.exclude(pk=lasting.pk).update(state="resolved")
    long_ago = datetime.now(UTC) - timedelta(days=31)
    Delivery.objects.update(settled=long_ago)
    AlertDigest.objects.update(settled=long_ago)
    prune(CONFIG)
    assert list(Delivery.objects.values_list("incident", flat=True)) == [lasting.pk], "it says where it is to be told"
    assert not AlertDigest.objects.exists()
    assert totals() == {("sent", "slack"): 7, ("digests", "slack"): 1}


@pytest.mark.django_db
def test_the_admin_shows_deliveries_and_sends_again_what_was_given_up(admin_client: Client) -> None:
    channel()
    place = Place()
    place.fails = PermanentError("There is no such address.")
    many = [incident(f"route {number}") for number in range(6)]
    happen("firing", *many)
    send(0, place)
    for model in (Delivery, AlertDigest, DeliveryGate):
        name = model._meta.model_name
        page = admin_client.get(reverse(f"admin:monitoring_{name}_changelist"))
        assert page.status_code == 200
        row = model._default_manager.first()
        assert row is not None
        assert admin_client.get(reverse(f"admin:monitoring_{name}_change", args=[row.pk])).status_code == 200
    listed: Any = {"action": "send_again", "_selected_action": [Delivery.objects.earliest("pk").pk]}
    answer = admin_client.post(reverse("admin:monitoring_delivery_changelist"), listed, follow=True)
    assert "6 deliveries will be sent again" in answer.content.decode()
    assert {state for _, state in states()} == {"sending"}


@pytest.mark.django_db
def test_the_admin_has_a_destination_tried_at_once(admin_client: Client) -> None:
    row = channel()
    place = Place()
    place.fails = TemporaryError("Too many requests.", retry_after=900)
    fire()
    send(0, place)
    later = datetime.now(UTC) + timedelta(hours=1)
    DeliveryGate.objects.update(paused_until=later)
    Delivery.objects.update(next_at=later)
    chosen: Any = {"action": "try_at_once", "_selected_action": [key(row)]}
    answer = admin_client.post(reverse("admin:monitoring_deliverygate_changelist"), chosen, follow=True)
    assert "1 destination will be tried at once." in answer.content.decode()
    assert DeliveryGate.objects.get().paused_until is None
    assert Delivery.objects.get().next_at <= datetime.now(UTC)
