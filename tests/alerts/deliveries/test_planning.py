"""What is written down of who is to be told, with the transition itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.deliveries.models import Delivery, DeliveryGate
from monitoring.alerts.deliveries.planning import plan
from monitoring.alerts.incidents.models import IncidentEntry
from tests.alerts.deliveries.making import (
    NOW,
    Place,
    channel,
    entry,
    fire,
    happen,
    incident,
    key,
    rule,
    send,
    states,
)

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[Any, ...]]:
    return list(Delivery.objects.order_by("pk").values_list("destination", "kind", "state"))


def test_what_fires_is_told_to_the_channels_of_its_severity() -> None:
    ops, dev = channel("ops"), channel("dev")
    channel("night", ["low"])
    assert happen("firing", incident()) == 2
    assert rows() == [(key(ops), "firing", "pending"), (key(dev), "firing", "pending")]
    assert list(DeliveryGate.objects.values_list("key", "label", "channel", "digest", "hourly_limit")) == [
        (key(dev), "dev", "slack", True, 60),
        (key(ops), "ops", "slack", True, 60),
    ]


def test_the_channels_of_a_rule_go_before_those_of_the_severity() -> None:
    channel("ops")
    own = channel("own", [])
    fire(of=rule(channels=["own", "unknown"]))
    assert rows() == [(key(own), "firing", "pending")]


def test_where_the_channels_of_a_rule_are_gone_those_of_the_severity_are_told() -> None:
    ops = channel("ops")
    channel("own", [], enabled=False)
    fire(of=rule(channels=["own", "unknown"]))
    assert rows() == [(key(ops), "firing", "pending")]


def test_where_nobody_is_to_be_told_nothing_is_planned() -> None:
    assert happen("firing", incident()) == 0


def test_planning_the_same_transition_again_changes_nothing() -> None:
    channel()
    one = fire()
    plan([entry(one, "firing")], NOW, "default")
    assert states() == [("firing", "pending")]


def test_each_delivery_has_a_key_of_its_own() -> None:
    channel("ops"), channel("dev")
    fire("one"), fire("two")
    assert Delivery.objects.values("idempotency_key").distinct().count() == 4


def test_that_it_is_over_is_told_where_it_was_told_that_it_fires() -> None:
    place = Place()
    ops = channel("ops")
    one = fire()
    send(0, place)
    channel("later")
    happen("resolved", one, minutes=5)
    assert rows() == [(key(ops), "firing", "sent"), (key(ops), "resolved", "pending")]


def test_what_is_over_before_anybody_was_told_is_told_to_nobody() -> None:
    channel()
    one = fire()
    assert happen("resolved", one, minutes=1) == 0
    assert states() == [("firing", "dropped")]
    assert "over" in Delivery.objects.get().last_error


def test_what_was_tried_is_followed_by_that_it_is_over() -> None:
    channel()
    one = fire()
    Delivery.objects.update(state="sending", attempts=1)
    happen("resolved", one, minutes=1)
    firing, resolved = Delivery.objects.order_by("pk")
    assert (firing.state, resolved.state, resolved.follows_id) == ("sending", "pending", firing.pk)


def test_several_transitions_of_an_incident_at_once_are_planned_one_after_the_other() -> None:
    channel()
    one = incident(state="firing")
    entries = [IncidentEntry.objects.create(incident=one, at=NOW, kind=kind) for kind in ("firing", "resolved")]
    plan(entries, NOW, "default")
    assert states() == [("firing", "dropped")]


def test_within_the_cooldown_of_its_rule_it_is_told_later_that_the_same_happened_again() -> None:
    place, calm = Place(), rule(cooldown_seconds=600)
    channel()
    one = fire(of=calm, event=True)
    send(0, place)
    happen("resolved", one, minutes=2)
    send(2, place)
    fire(minutes=4, of=calm, event=True)
    assert send(4, place) == 0
    assert send(10, place) == 1
    assert [kind for kind, _ in place.told] == ["firing", "resolved", "firing"]


def test_what_was_held_back_is_counted_in_the_next_message() -> None:
    place, calm = Place(), rule(cooldown_seconds=600)
    channel()
    happen("resolved", one := fire(of=calm), minutes=0)
    assert states() == [("firing", "dropped")]
    one = fire(of=calm)
    send(0, place)
    assert "another message was held back" in place.messages[0].reason
    happen("milestone", one, minutes=1)
    happen("milestone", one, minutes=2)
    happen("resolved", one, minutes=3)
    send(3, place)
    assert [kind for kind, _ in place.told] == ["firing", "resolved"]
    assert place.messages[1].reason == "Since the last one, 2 other messages were held back."
    fire(minutes=20, of=calm)
    send(20, place)
    assert place.messages[2].reason == ""


def test_milestones_are_told_after_the_cooldown() -> None:
    place = Place()
    channel()
    one = fire(of=rule(cooldown_seconds=60), count=1)
    send(0, place)
    for minutes, count in ((0.5, 10), (2, 100), (5, 1_000)):
        one.count = count
        happen("milestone", one, minutes=minutes)
        send(minutes, place)
    assert [(kind.kind.value, kind.incidents[0].count) for kind in place.messages] == [
        ("firing", 1),
        ("milestone", 100),
        ("milestone", 1_000),
    ]


@pytest.mark.parametrize("kind", ["silenced", "inhibited"])
def test_what_is_muted_before_it_is_sent_is_not_sent(kind: str) -> None:
    channel()
    one = fire()
    happen(kind, one, minutes=1)
    assert states() == [("firing", "dropped")]
    happen(f"un{kind}", one, minutes=2)
    assert states() == [("firing", "dropped"), ("firing", "pending")]


def test_planning_costs_the_same_however_many_fire() -> None:
    channel("ops"), channel("dev")
    known, counts = rule(), []
    for size in (2, 60):
        many = [incident(f"{one} of {size}", of=known, state="firing") for one in range(size)]
        entries = [IncidentEntry.objects.create(incident=one, at=NOW, kind="firing") for one in many]
        with CaptureQueriesContext(connection) as queries:
            assert plan(entries, NOW, "default") == 2 * size
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 2, "SQLite inserts in chunks"


def test_nobody_is_told_where_alerts_are_not_sent(settings: Any) -> None:
    channel("ops")
    settings.MONITORING = {**settings.MONITORING, "ENVIRONMENT": "development"}
    assert happen("firing", incident()) == 0
    assert rows() == []

    settings.MONITORING = {**settings.MONITORING, "ALERTS_SENT": True}
    assert happen("firing", incident("other")) == 1
