"""Whatever step a process ends at, each message arrives, and what arrives twice has the same key."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable

import pytest
from django.db import connections

from monitoring.alerts.deliveries.desk import Desk, no_step
from monitoring.alerts.deliveries.dispatch import due
from monitoring.alerts.deliveries.models import AlertDigest, Delivery
from monitoring.alerts.deliveries.sending import serve
from monitoring.alerts.incidents.models import Incident
from tests.alerts.deliveries.making import Place, at_desk, channel, fire, happen, incident, states
from tests.alerts.deliveries.receivers import Receiver, WebReceiver
from tests.faults.processes import ENDED, end_at, in_child

pytestmark = pytest.mark.usefixtures("database")

STEPS = [
    "take the way",
    "take the delivery",
    "render the message",
    "send the message",
    "note that it was sent",
    "note that the channel goes",
]
OF_DIGEST = [
    "take the way",
    "seal the digest",
    "take the digest",
    "take what the digest tells of",
    "render the message",
    "send the message",
    "note that it was sent",
    "note that the channel goes",
]
AFTER_IT_ARRIVED = "note that it was sent"


def run(minutes: float, receiver: Receiver, step: Callable[[str], None] = no_step) -> None:
    """Send what is due at some time; all of it goes to one receiver."""
    found = receiver.channel()
    used: Desk = dataclasses.replace(at_desk(minutes, step=step), channel=lambda _key: found)
    for gate in due(used):
        serve(gate.key, used)


def one_message() -> Incident:
    channel()
    return fire()


def one_digest() -> list[Incident]:
    channel()
    many = [incident(f"route {number}") for number in range(7)]
    happen("firing", *many)
    return many


def test_the_steps_are_the_ones_tested_here() -> None:
    seen: list[str] = []
    place = Place()
    one_message()
    serve(Delivery.objects.get().destination, at_desk(0, place, seen.append))
    assert [step for step in seen if step in STEPS] == STEPS
    Delivery.objects.all().delete()
    happen("firing", *(incident(f"route {number}") for number in range(7)))
    seen.clear()
    serve(Delivery.objects.earliest("pk").destination, at_desk(0, place, seen.append))
    assert seen == OF_DIGEST


@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_a_process_ends_at_the_message_arrives(step: str, receiver: Receiver) -> None:
    one_message()
    assert in_child(lambda: run(0, receiver, end_at(step))) == ENDED
    run(2, receiver)
    assert states() == [("firing", "sent")]
    assert len(receiver.arrived) == (2 if step == AFTER_IT_ARRIVED else 1)
    assert len(set(receiver.arrived)) == 1


@pytest.mark.parametrize("step", OF_DIGEST)
def test_whatever_step_a_process_ends_at_a_digest_arrives_as_it_was(step: str, hook: WebReceiver) -> None:
    one_digest()
    assert in_child(lambda: run(0, hook, end_at(step))) == ENDED
    fire("later", minutes=1)
    run(2, hook)
    run(4, hook)
    assert {state for _, state in states()} == {"sent"}
    assert set(AlertDigest.objects.values_list("state", flat=True)) == {"sent"}
    later = [text for text in hook.texts if '"later"' in text]
    assert len(later) == 1, "what comes later changes nothing in what may have arrived"
    first = [key for key, text in zip(hook.arrived, hook.texts, strict=True) if '"route 6"' in text]
    assert len(set(first)) == 1
    assert len(first) == (2 if step == AFTER_IT_ARRIVED else 1)


@pytest.mark.parametrize("step", STEPS[:-1])
def test_processes_that_end_one_after_the_other_lose_nothing(step: str, hook: WebReceiver) -> None:
    one_message()
    for number, last in enumerate([step, *STEPS[-2::-1]]):
        in_child(lambda number=number, last=last: run(2 * number, hook, end_at(last)))  # type: ignore[misc]
    run(20, hook)
    assert states() == [("firing", "sent")]
    assert len(set(hook.arrived)) == 1


def test_a_process_that_is_killed_before_it_learns_that_its_message_arrived_sends_it_again(receiver: Receiver) -> None:
    one_message()
    begun, begin = os.pipe()
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        os.read(begun, 1)  # the receiver has to know whom to kill
        run(0, receiver)
        os._exit(0)
    receiver.kills = pid
    os.write(begin, b"!")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    os.close(begun)
    os.close(begin)
    run(2, receiver)
    assert states() == [("firing", "sent")]
    assert len(receiver.arrived) == 2
    assert len(set(receiver.arrived)) == 1


@pytest.mark.parametrize("step", [one for one in STEPS if one != "take the way"])
def test_what_is_over_while_a_process_ends_is_told_after_what_may_have_arrived(step: str, hook: WebReceiver) -> None:
    one = one_message()
    assert in_child(lambda: run(0, hook, end_at(step))) == ENDED
    happen("resolved", Incident.objects.get(pk=one.pk), minutes=1)
    run(2, hook)
    told = ["resolved" if '"kind":"resolved"' in text else "firing" for text in hook.texts]
    if step == "take the delivery":
        assert states() == [("firing", "dropped")]
        assert told == []
    else:
        assert states() == [("firing", "sent"), ("resolved", "sent")]
        assert told[-1] == "resolved"
        assert told.count("resolved") == 1
