"""What is due to a destination is sent: gathered when it is much, tried again when it fails, given up at last."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from monitoring.alerts.channels.base import PermanentError, TemporaryError
from monitoring.alerts.deliveries import parcels
from monitoring.alerts.deliveries.gates import Gate
from monitoring.alerts.deliveries.models import ATTEMPTS, AlertDigest, Delivery, DeliveryGate
from monitoring.alerts.deliveries.reviving import send_again
from monitoring.alerts.deliveries.sending import serve
from monitoring.alerts.deliveries.tidying import tidy
from monitoring.alerts.deliveries.totals import totals
from tests.alerts.deliveries.making import Place, at, at_desk, channel, fire, happen, incident, key, rule, send, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place()


def several(count: int, minutes: float = 0, **values: Any) -> list[Any]:
    many = [incident(f"route {number}", minutes, **values) for number in range(count)]
    happen("firing", *many, minutes=minutes)
    return many


def test_what_is_due_is_sent_once(place: Place) -> None:
    channel()
    fire()
    assert send(0, place) == 1
    assert send(1, place) == 0
    assert place.told == [("firing", ["checkout"])]
    assert place.attempts == [str(Delivery.objects.get().idempotency_key)]
    assert states() == [("firing", "sent")]


def test_up_to_five_are_messages_of_their_own_the_worst_first(place: Place) -> None:
    channel()
    several(4)
    fire("worst", severity="critical")
    assert send(0, place) == 5
    assert [routes for _, routes in place.told] == [["worst"], *([f"route {number}"] for number in range(4))]


def test_more_than_five_are_one_message_the_worst_first(place: Place) -> None:
    channel()
    several(40)
    fire("worst", severity="critical")
    assert send(0, place) == 1
    (message,) = place.messages
    assert (message.kind, message.severity, message.title) == ("digest", "critical", "41 alerts: 41 firing")
    assert [view.labels["route"] for view in message.incidents[:2]] == ["worst", "route 0"]
    assert (len(message.incidents), message.omitted) == (20, 21)
    assert {state for _, state in states()} == {"sent"}
    assert place.attempts == [str(AlertDigest.objects.get().idempotency_key)]


def test_after_a_digest_what_happens_is_gathered_again(place: Place) -> None:
    channel()
    several(6)
    send(0, place)
    fire("one"), fire("other")
    assert send(0.4, place) == 0
    assert send(0.6, place) == 2


def test_a_program_is_told_of_each_until_there_are_too_many(place: Place) -> None:
    row = channel()
    several(12)
    DeliveryGate.objects.filter(pk=key(row)).update(digest=False)
    assert send(0, place) == 10
    assert [kind for kind, _ in place.told] == ["firing"] * 9 + ["digest"]
    assert len(place.messages[-1].incidents) == 3


def test_no_more_messages_are_sent_than_allowed_and_what_waits_becomes_one(place: Place) -> None:
    channel()
    for number in range(30):
        fire(f"route {number}", minutes=0.1 * number)
        send(0.1 * number, place)
    sent = len(place.messages)
    assert sent == 12, "ten at once, and then one a minute"
    send(10, place)
    assert sum(len(message.incidents) for message in place.messages) == 30


def test_a_storm_becomes_few_messages(place: Place) -> None:
    channel()
    calm, many = rule(cooldown_seconds=0), []
    for second in range(0, 60, 5):
        fresh = [incident(f"{second} {number}", second / 60, of=calm) for number in range(8)]
        happen("firing", *fresh, minutes=second / 60)
        many += fresh
        happen("milestone", *many[:20], minutes=second / 60)
        send(second / 60, place)
    happen("resolved", *many, minutes=2)
    send(2, place)
    assert len(place.messages) <= 4
    assert {state for _, state in states()} <= {"sent", "dropped"}


def test_a_failure_is_tried_again_with_the_same_key_and_the_others_wait(place: Place) -> None:
    row = channel()
    fire("one"), fire("other")
    place.fails = TemporaryError("The mail server is away.")
    assert send(0, place) == 0
    gate = DeliveryGate.objects.get(pk=key(row))
    assert (gate.failures, gate.problem) == (1, "The mail server is away.")
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 1]
    send(6, place)
    place.fails = None
    assert send(20, place) == 2
    assert place.attempts[0] == place.attempts[1] == place.attempts[2] != place.attempts[3]
    assert DeliveryGate.objects.get(pk=key(row)).failures == 0


def test_a_receiver_that_says_for_how_long_is_left_alone_for_so_long(place: Place) -> None:
    row = channel()
    fire()
    place.fails = TemporaryError("Too many requests.", retry_after=600)
    send(0, place)
    assert DeliveryGate.objects.get(pk=key(row)).paused_until == at(10)
    assert Delivery.objects.get().next_at >= at(10)


def test_nothing_waits_for_longer_than_a_quarter_of_an_hour_since_a_receiver_says_so(place: Place) -> None:
    row = channel()
    fire()
    place.fails = TemporaryError("Too many requests.", retry_after=10**9)
    send(0, place)
    assert DeliveryGate.objects.get(pk=key(row)).paused_until == at(15)
    assert Delivery.objects.get().next_at <= at(17)


def test_what_waits_for_a_channel_that_fails_becomes_one_message_when_it_goes_again(place: Place) -> None:
    channel()
    fire("first")
    place.fails = TemporaryError("Away.")
    send(0, place)
    for minutes in (1, 2):
        for number in range(10):
            fire(f"{minutes} {number}", minutes=minutes)
        send(minutes * 10, place)
    assert set(place.attempts) == {str(Delivery.objects.earliest("pk").idempotency_key)}, "one finds out"
    place.fails = None
    assert send(60, place) + send(61, place) <= 3
    assert sorted(len(routes) for _, routes in place.told) in ([1, 20], [1, 1, 19])
    assert {state for _, state in states()} == {"sent"}


def test_a_message_that_a_receiver_cannot_take_does_not_hold_up_the_others(place: Place) -> None:
    channel()
    place.cannot_take = "bad"
    fire("bad", severity="critical")
    for minutes in range(60):
        if minutes < 30:
            fire(f"route {minutes}", minutes=minutes)
        send(minutes, place)
    told = {route for _, routes in place.told for route in routes}
    assert told == {f"route {minutes}" for minutes in range(30)}
    assert states().count(("firing", "pending")) == 1


def test_a_digest_stays_the_same_however_often_it_is_tried(place: Place) -> None:
    channel()
    several(6)
    place.fails = TemporaryError("Away.")
    send(0, place)
    fire("later", minutes=1)
    place.fails = None
    send(20, place)
    assert len(place.messages[0].incidents) == 6
    assert place.attempts[0] == place.attempts[1] == place.messages[0].idempotency_key


def test_what_is_refused_is_given_up_and_seen(place: Place) -> None:
    channel()
    several(6)
    place.fails = PermanentError("There is no such address.")
    send(0, place)
    assert {state for _, state in states()} == {"dead"}
    assert AlertDigest.objects.get().state == "dead"
    assert set(Delivery.objects.values_list("last_error", flat=True)) == {"There is no such address."}


def test_what_is_tried_too_often_is_given_up(place: Place) -> None:
    channel()
    one = fire()
    place.fails = TemporaryError("Away.")
    Delivery.objects.update(attempts=ATTEMPTS - 1)
    send(0, place)
    happen("resolved", one, minutes=1)
    assert states() == [("firing", "dead")]


def test_that_it_is_over_waits_for_that_it_fires(place: Place) -> None:
    channel()
    one = fire()
    place.fails = TemporaryError("Away.", retry_after=60)
    send(0, place)
    happen("resolved", one, minutes=0.5)
    place.fails = None
    send(3, place)
    assert [kind for kind, _ in place.told] == ["firing", "resolved"]


def test_that_it_is_over_is_not_told_where_that_it_fires_was_given_up(place: Place) -> None:
    channel()
    one = fire()
    place.fails = TemporaryError("Away.", retry_after=60)
    send(0, place)
    happen("resolved", one, minutes=0.5)
    place.fails = PermanentError("Gone.")
    send(3, place)
    place.fails = None
    send(30, place)
    assert states() == [("firing", "dead"), ("resolved", "dropped")]


def test_a_channel_that_is_gone_leaves_a_dead_letter() -> None:
    channel()
    fire()
    used = at_desk(0, None)
    serve(Delivery.objects.get().destination, used)
    assert states() == [("firing", "dead")]
    assert "switched off" in Delivery.objects.get().last_error


def test_a_mistake_in_a_channel_is_no_end_of_its_messages(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    channel()
    fire()
    place.fails = KeyError("password=secret")
    send(0, place)
    assert Delivery.objects.get().last_error == "It failed with KeyError."
    place.fails = None
    assert send(6, place) == 1


def test_secrets_in_what_went_wrong_are_not_kept(place: Place) -> None:
    channel()
    fire()
    place.fails = TemporaryError("https://ops:swordfish@example.com refused it")
    send(0, place)
    assert "swordfish" not in Delivery.objects.get().last_error + DeliveryGate.objects.get().problem


def test_one_sender_at_a_time_goes_to_a_destination(place: Place) -> None:
    row = channel()
    fire()
    gate = Gate(key(row), "default")
    assert gate.enter(at(0))
    assert send(0.5, place) == 0
    assert send(1, place) == 1, "who is gone for too long is replaced"
    assert not gate.keep(at(1))


def test_a_channel_that_hangs_is_left(place: Place) -> None:
    channel()
    fire()
    end = threading.Event()

    class Hanging(Place):
        def send(self, message: Any) -> None:
            end.wait(60)

    used = at_desk(0, Hanging())
    assert serve(Delivery.objects.get().destination, _hasty(used)) == 0
    end.set()
    assert "longer than" in Delivery.objects.get().last_error
    assert states() == [("firing", "pending")]


def _hasty(used: Any) -> Any:
    import dataclasses

    return dataclasses.replace(used, attempt_seconds=0.05)


def test_what_is_sent_again_is_the_same_message_whatever_waits_beside_it(place: Place) -> None:
    channel()
    fire("refused")
    place.fails = PermanentError("No.")
    send(0, place)
    before, place.fails = place.attempts[0], None
    several(7, minutes=1)
    send_again(Delivery.objects.values_list("pk", flat=True))
    Delivery.objects.update(next_at=at(1))
    for minutes in range(1, 6):
        send(minutes, place)
    assert {kind: len(routes) for kind, routes in place.told} == {"firing": 1, "digest": 7}
    assert place.attempts.count(before) == 2


def test_what_was_given_up_is_sent_again_when_a_person_says_so(place: Place) -> None:
    channel()
    several(6)
    place.fails = PermanentError("No.")
    send(0, place)
    before, place.fails = place.attempts[0], None
    assert send_again([Delivery.objects.latest("pk").pk]) == 6, "a digest as a whole"
    # Those who ask do so by the clock of the machine.
    Delivery.objects.update(next_at=at(1))
    AlertDigest.objects.update(next_at=at(1))
    assert send(1, place) == 1
    assert place.attempts[-1] == before
    assert send_again(Delivery.objects.values_list("pk", flat=True)) == 0, "only what was given up"


def test_a_digest_that_ended_every_process_is_given_up_with_what_it_tells_of(place: Place) -> None:
    row = channel()
    several(6)
    gate = Gate(key(row), "default")
    assert gate.enter(at(0))
    assert parcels.take(gate, at_desk(0, place)) is not None
    AlertDigest.objects.update(attempts=ATTEMPTS)
    send(2, place)
    tidy(at_desk(2, place))
    assert {state for _, state in states()} == {"dead"}
    assert place.attempts == []


def test_totals_count_everything_once_and_never_fall(place: Place) -> None:
    channel()
    several(6)
    place.fails = PermanentError("No.")
    send(0, place)
    tidy(at_desk(0, place))
    tidy(at_desk(0, place))
    assert totals() == {("dead", "slack"): 6}
    place.fails = None
    send_again(Delivery.objects.values_list("pk", flat=True))
    AlertDigest.objects.update(next_at=at(1))
    send(1, place)
    happen("resolved", fire("short", minutes=2), minutes=2)
    tidy(at_desk(2, place))
    assert totals() == {("dead", "slack"): 6, ("sent", "slack"): 6, ("digests", "slack"): 1, ("dropped", "slack"): 1}
