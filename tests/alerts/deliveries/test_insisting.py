"""What was given up is tried again while it goes on; and who is to know hears that nobody could be told."""

from __future__ import annotations

import pytest

from monitoring.alerts import watchdog
from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.base import PermanentError
from monitoring.alerts.deliveries.models import Delivery, DeliveryGate
from monitoring.alerts.deliveries.reading import untold
from monitoring.alerts.deliveries.reviving import refusal, send_again
from monitoring.alerts.deliveries.tidying import tidy
from monitoring.alerts.incidents.models import Evaluation
from monitoring.conf import get_config
from tests.alerts.deliveries.making import Place, at, at_desk, channel, fire, happen, send, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    made = Place()
    made.fails = PermanentError("There is no such address.")
    return made


def run(minutes: float, place: Place | None) -> None:
    tidy(at_desk(minutes, place))
    if place is not None:
        send(minutes, place)


def test_what_was_given_up_is_tried_again_every_hour_as_the_same_message(place: Place) -> None:
    channel()
    fire()
    for minutes in range(0, 190, 10):
        run(minutes, place)
    assert len(place.attempts) == 4
    assert len(set(place.attempts)) == 1
    place.fails = None
    run(250, place)
    run(400, place)
    assert place.told == [("firing", ["checkout"])]
    assert states() == [("firing", "sent")]


@pytest.mark.parametrize("kind", ["acknowledged", "silenced", "resolved"])
def test_what_somebody_looks_after_or_what_is_over_is_not_tried_again(kind: str, place: Place) -> None:
    channel()
    one = fire()
    run(0, place)
    happen(kind, one, minutes=1)
    run(70, place)
    assert len(place.attempts) == 1


def test_what_was_told_by_another_message_or_went_to_a_channel_that_is_gone_is_not_tried_again(place: Place) -> None:
    channel()
    one = fire()
    run(0, place)
    run(70, None)
    assert states() == [("firing", "dead")]
    place.fails = None
    happen("silenced", one, minutes=70)
    happen("unsilenced", one, minutes=71)
    run(72, place)
    run(140, place)
    assert states() == [("firing", "dead"), ("firing", "sent")]


def test_few_are_tried_again_at_a_time_the_worst_first(place: Place) -> None:
    channel(hourly_limit=0)
    for number in range(4):
        fire(f"route {number}")
    fire("worst", severity="critical")
    for minutes in range(0, 30, 5):
        send(minutes, place)
    assert {state for _, state in states()} == {"dead"}
    Delivery.objects.update(settled=at(0))
    DeliveryGate.objects.update(failures=0, paused_until=None)
    place.fails = None
    run(100, place)
    assert [routes for _, routes in place.told] == [["worst"], ["route 0"], ["route 1"]]
    run(101, place)
    assert len(place.told) == 5


def test_while_nobody_can_be_told_of_something_critical_the_watchdog_is_silent(place: Place) -> None:
    channel()
    one = fire(severity="critical")
    fire("alerts itself", severity="critical", labels={"component": "alerts", "route": "x"})
    fire("lesser")
    for minutes in (0, 2, 4):
        send(minutes, place)
    Evaluation.objects.create(completed=at(6))
    assert (untold(at(4)), untold(at(6))) == (0, 1)
    assert watchdog.trouble(get_config(), at(6)) == "Nobody could be told of 1 critical incident."
    happen("acknowledged", one, minutes=7)
    assert watchdog.trouble(get_config(), at(6)) == ""


def test_what_is_over_when_a_person_has_it_sent_again_is_told_as_over(place: Place) -> None:
    channel()
    one = fire()
    send(0, place)
    happen("resolved", one, minutes=5)
    place.fails = None
    send_again(Delivery.objects.values_list("pk", flat=True), at(6))
    send(6, place)
    send(7, place)
    assert place.told == [("firing", ["checkout"])]
    assert rendering.subject(place.messages[0]).startswith("[High, over] ")


def test_that_something_goes_on_is_not_sent_again_when_it_is_over(place: Place) -> None:
    channel("boss", [], escalation=True)
    one = fire()
    happen("escalated", one, minutes=20)
    send(20, place)
    escalated = Delivery.objects.get()
    assert refusal(escalated) == ""
    happen("resolved", one, minutes=30)
    assert refusal(escalated) == "This told that the incident goes on, and it is over."
    assert send_again([escalated.pk], at(31)) == 0
