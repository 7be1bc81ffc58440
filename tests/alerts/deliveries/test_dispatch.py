"""Destinations are served side by side, and no channel holds up another one."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from monitoring.alerts.channels.base import TemporaryError
from monitoring.alerts.deliveries import dispatch
from monitoring.alerts.deliveries.desk import Desk
from monitoring.alerts.deliveries.models import DeliveryGate
from tests.alerts.deliveries.making import Place, at_desk, channel, fire, happen, incident, key, states
from tests.faults.processes import Thread

pytestmark = pytest.mark.usefixtures("database")


class Slow(Place):
    """Takes no message before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def send(self, message: Any) -> None:
        self.begun.set()
        assert self.goes_on.wait(60)
        super().send(message)


class Awaited(Place):
    """Says when a message is there."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = threading.Event()

    def send(self, message: Any) -> None:
        super().send(message)
        self.taken.set()


def to(places: Mapping[str, Place], minutes: float = 0, **values: Any) -> Desk:
    return dataclasses.replace(at_desk(minutes), channel=places.get, **{"wait_seconds": 60.0, **values})


def test_a_run_sends_everything_that_is_due() -> None:
    places = {key(channel(name)): Place() for name in ("one", "two", "three", "four", "five", "six")}
    happen("firing", *(incident(f"route {number}") for number in range(3)))
    assert not dispatch.deliver(to(places))
    assert [len(place.messages) for place in places.values()] == [3] * 6
    assert {state for _, state in states()} == {"sent"}


def test_a_slow_channel_does_not_hold_up_what_happens_meanwhile() -> None:
    slow, quick = Slow(), Awaited()
    places = {key(channel("slow")): slow}
    fire()
    run = Thread(lambda: dispatch.deliver(to(places)))
    assert slow.begun.wait(60)
    places[key(channel("quick", ["low"]))] = quick
    fire("meanwhile", severity="low")
    assert quick.taken.wait(60), "the run that waits for the slow one sends it"
    slow.goes_on.set()
    run.result()
    assert {state for _, state in states()} == {"sent"}


def test_a_run_does_not_wait_for_ever_and_its_senders_go_on() -> None:
    slow = Slow()
    places = {key(channel("slow")): slow}
    fire()
    assert not dispatch.deliver(to(places, wait_seconds=0.0))
    assert slow.begun.wait(60)
    assert states() == [("firing", "sending")]
    sender = next(thread for thread in threading.enumerate() if thread.name == "enginel-alerts")
    assert not dispatch.deliver(to(places)), "nobody else goes there meanwhile"
    slow.goes_on.set()
    sender.join(60)
    assert states() == [("firing", "sent")]


def test_channels_that_fail_leave_room_for_others() -> None:
    hanging = [Slow() for _ in range(7)]
    places: dict[str, Place] = {key(channel(f"hanging {number}")): one for number, one in enumerate(hanging)}
    DeliveryGate.objects.bulk_create(DeliveryGate(key=one, label=one, channel="slack", failures=3) for one in places)
    quick = Awaited()
    places[key(channel("quick"))] = quick
    fire()
    run = Thread(lambda: dispatch.deliver(to(places)))
    assert quick.taken.wait(60)
    assert sum(one.begun.is_set() for one in hanging) <= 4
    for one in hanging:
        one.goes_on.set()
    run.result()
    assert all(one.messages for one in hanging)


def test_channels_that_hang_for_the_first_time_leave_room_for_others() -> None:
    hanging = [Slow() for _ in range(12)]
    places: dict[str, Place] = {key(channel(f"hanging {number}")): one for number, one in enumerate(hanging)}
    quick = Awaited()
    places[key(channel("quick"))] = quick
    fire()
    run = Thread(lambda: dispatch.deliver(to(places)))
    assert quick.taken.wait(60)
    for one in hanging:
        one.goes_on.set()
    run.result()
    assert all(one.messages for one in hanging)


def test_a_channel_that_fails_is_no_reason_to_begin_again_at_once() -> None:
    place = Place()
    place.fails = TemporaryError("Away.")
    places = {key(channel()): place}
    fire("one"), fire("other")
    assert not dispatch.deliver(to(places))
    assert len(place.attempts) == 1


def test_a_mistake_in_a_sender_is_logged_and_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    place = Place()
    broken, fine = key(channel("broken")), key(channel("fine"))

    def step(name: str) -> None:
        if name == "take the delivery" and not place.messages:
            raise ConnectionError

    fire()
    dispatch.deliver(to({broken: place, fine: place}, step=step))
    assert "could not be sent" in caplog.text
