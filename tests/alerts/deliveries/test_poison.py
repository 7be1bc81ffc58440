"""Messages that a receiver cannot take hold up no others, however many they are."""

from __future__ import annotations

import pytest

from monitoring.alerts.channels.base import Message, TemporaryError
from monitoring.alerts.deliveries.models import AlertDigest, Delivery, DeliveryGate
from tests.alerts.deliveries.making import Place, channel, fire, happen, incident, send, states

pytestmark = pytest.mark.django_db


class Picky(Place):
    """Takes nothing of what is bad."""

    def send(self, message: Message) -> None:
        self.attempts.append(message.idempotency_key)
        if any(view.labels["route"].startswith("bad") for view in message.incidents):
            raise TemporaryError("Internal server error.")
        self.messages.append(message)

    @property
    def routes(self) -> set[str]:
        return {route for _, routes in self.told for route in routes}


@pytest.fixture
def place() -> Picky:
    return Picky()


def test_many_bad_messages_hold_up_nothing_critical(place: Picky) -> None:
    channel()
    for number in range(5):
        fire(f"bad {number}", severity="critical")
    for minutes in range(0, 120, 3):
        send(minutes, place)
    assert len(place.attempts) > 20
    fire("good", minutes=120, severity="critical")
    for minutes in range(120, 150, 3):
        send(minutes, place)
    assert place.routes == {"good"}


def test_what_is_fresh_and_worst_is_the_next_to_be_tried(place: Picky) -> None:
    channel()
    fire("bad")
    send(0, place)
    fire("lesser", minutes=1), fire("worst", minutes=1, severity="critical")
    minutes = 1
    while not place.messages:
        send(minutes := minutes + 6, place)
    assert place.told[0] == ("firing", ["worst"])
    tried_before = place.attempts.index(place.messages[0].idempotency_key)
    assert tried_before == 3, "then it is the turn of something fresh"


def test_what_is_bad_gets_its_share_and_pauses_no_channel_that_goes(place: Picky) -> None:
    channel()
    fire("bad")
    send(0, place)
    for minutes in range(1, 200, 3):
        fire(f"good {minutes}", minutes=minutes)
        send(minutes, place)
    assert len(place.routes) == 67
    bad = Delivery.objects.earliest("pk")
    assert (bad.state, bad.attempts > 10) == ("pending", True)
    assert (DeliveryGate.objects.get().failures, DeliveryGate.objects.get().paused_until) == (0, None)


def test_a_digest_that_waits_lets_what_is_worse_go_first(place: Picky) -> None:
    channel()
    many = [incident(f"route {number}") for number in range(6)]
    happen("firing", *many)

    class Away(Place):
        def send(self, message: Message) -> None:
            raise TemporaryError("Away.")

    send(0, Away())
    DeliveryGate.objects.update(failures=0, paused_until=None)
    fire("worst", minutes=10, severity="critical")
    send(10, place)
    assert [kind for kind, _ in place.told] == ["firing", "digest"]
    assert {state for _, state in states()} == {"sent"}


def test_a_digest_that_is_not_taken_though_others_are_is_taken_apart(place: Picky) -> None:
    channel(hourly_limit=0)
    together = [incident("bad"), *(incident(f"route {number}", severity="critical") for number in range(6))]
    happen("firing", *together)
    for minutes in range(0, 120, 6):
        send(minutes, place)
        fire(f"later {minutes}", minutes=minutes)
    assert place.routes >= {f"route {number}" for number in range(6)}
    assert states().count(("firing", "pending")) == 2, "what is bad, and what has only just begun"
    assert AlertDigest.objects.get().state == "dropped"
    told = [route for _, routes in place.told for route in routes]
    assert len(told) == len(set(told))
