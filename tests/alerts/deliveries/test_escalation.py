"""What nobody acknowledges in time is told to somebody else, once."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.alerts.channels.base import TemporaryError
from monitoring.alerts.deliveries.escalation import escalate
from monitoring.alerts.deliveries.models import Delivery
from monitoring.alerts.incidents.models import Incident, IncidentEntry
from tests.alerts.deliveries.making import Place, at, at_desk, channel, fire, happen, rule, send
from tests.faults.processes import Thread

pytestmark = pytest.mark.django_db


def escalated(minutes: float, **settings: Any) -> int:
    return escalate(at_desk(minutes, **settings))


@pytest.fixture
def boss() -> Any:
    return channel("boss", [], escalation=True)


def test_what_nobody_acknowledges_in_time_is_escalated_once(boss: Any) -> None:
    place = Place()
    fire()
    assert escalated(14.9) == 0
    assert escalated(15) == 1
    assert escalated(60) == 0
    assert IncidentEntry.objects.filter(kind="escalated").count() == 1
    send(15, place)
    assert place.told == [("escalated", ["checkout"])]
    assert place.messages[0].reason == "Nobody acknowledged it within 15 minutes."


def test_that_it_is_over_is_told_where_it_was_escalated_to(boss: Any) -> None:
    place = Place()
    one = fire()
    escalated(15)
    send(15, place)
    happen("resolved", Incident.objects.get(pk=one.pk), minutes=20)
    send(20, place)
    assert [kind for kind, _ in place.told] == ["escalated", "resolved"]


@pytest.mark.parametrize("kind", ["acknowledged", "silenced", "inhibited", "resolved"])
def test_what_somebody_looks_after_or_nobody_is_told_of_is_not_escalated(kind: str, boss: Any) -> None:
    one = fire()
    happen(kind, one, minutes=1)
    assert escalated(60) == 0


def test_what_is_only_kept_firing_in_case_it_comes_back_is_not_escalated(boss: Any) -> None:
    one = fire()
    Incident.objects.filter(pk=one.pk).update(absent_since=at(5))
    assert escalated(60) == 0
    Incident.objects.filter(pk=one.pk).update(absent_since=None)
    assert escalated(61) == 1


@pytest.mark.parametrize("kind", ["acknowledged", "silenced"])
def test_from_when_it_is_to_be_looked_after_again_the_time_counts_anew(kind: str, boss: Any) -> None:
    one = fire()
    happen(kind, one, minutes=1)
    happen(f"un{kind}", one, minutes=10)
    assert escalated(24) == 0
    assert escalated(26) == 1


@pytest.mark.parametrize("kind", ["acknowledged", "silenced"])
def test_what_was_escalated_is_escalated_again_when_the_time_counts_anew(kind: str, boss: Any) -> None:
    one = fire()
    assert escalated(15) == 1
    one.refresh_from_db()
    happen(kind, one, minutes=16)
    happen(f"un{kind}", one, minutes=30)
    assert [escalated(minutes) for minutes in (44, 46, 90)] == [0, 1, 0]
    kinds = Delivery.objects.filter(kind="escalated").order_by("pk").values_list("state", flat=True)
    assert list(kinds) == ["dropped", "pending"], "what was not sent when it was silenced is planned again"


def test_the_time_counts_from_when_somebody_was_told(boss: Any) -> None:
    channel()
    place = Place()
    fire(of=rule(cooldown_seconds=0))
    Delivery.objects.update(next_at=at(30))
    assert escalated(40) == 0, "it is held back until then"
    send(31, place)
    assert [escalated(minutes) for minutes in (45, 46)] == [0, 1]
    assert [kind for kind, _ in place.told] == ["firing"]


def test_where_those_who_are_to_be_told_cannot_be_told_it_is_escalated_all_the_same(boss: Any) -> None:
    channel()
    place = Place()
    place.fails = TemporaryError("Away.", retry_after=900)
    fire()
    send(1, place)
    assert escalated(15) == 1
    fire("other", minutes=10)
    assert escalated(25) == 1, "it waits behind the first"


def test_which_severities_are_escalated_can_be_set(boss: Any) -> None:
    fire("lesser", severity="medium")
    assert escalated(60) == 0
    assert escalated(60, escalate_severities=("medium",)) == 1


def test_where_there_is_nobody_to_tell_nothing_is_escalated() -> None:
    channel()
    fire()
    assert escalated(60) == 0
    assert not IncidentEntry.objects.filter(kind="escalated").exists()


def test_an_acknowledgement_ends_an_escalation_that_was_not_sent_yet(boss: Any) -> None:
    one = fire()
    escalated(15)
    happen("acknowledged", Incident.objects.get(pk=one.pk), minutes=15)
    assert list(Delivery.objects.values_list("kind", "state")) == [("escalated", "dropped")]


@pytest.mark.usefixtures("database")
@pytest.mark.django_db(transaction=True)
def test_of_many_who_escalate_at_once_one_does(boss: Any) -> None:
    fire()
    threads = [Thread(lambda: escalated(15)) for _ in range(4)]
    assert sorted(thread.result() for thread in threads) == [0, 0, 0, 1]  # type: ignore[type-var]
    assert Delivery.objects.count() == 1
