"""What happened while a channel was away is told afterwards, though it is over by then; once, and as what it is."""

from __future__ import annotations

import pytest

from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.base import TemporaryError
from tests.alerts.deliveries.making import Place, channel, fire, happen, rule, send, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place()


def test_what_happened_once_while_a_channel_was_away_is_told_as_over(place: Place) -> None:
    channel()
    place.fails = TemporaryError("Away.", retry_after=300)
    fire("first")
    send(0, place)
    event = fire("event", minutes=1, event=True)
    short = fire("short", minutes=1)
    happen("resolved", event, short, minutes=2)
    place.fails = None
    for minutes in (6, 7, 8):
        send(minutes, place)
    assert place.told == [("firing", ["first"]), ("firing", ["event"])]
    assert rendering.opening(place.messages[1]).startswith("This happened, and is over by now")
    assert states() == [("firing", "sent"), ("firing", "sent"), ("firing", "dropped")]


def test_a_state_that_lasted_while_a_channel_was_away_is_told_as_over(place: Place) -> None:
    channel()
    place.fails = TemporaryError("Away.", retry_after=900)
    fire("first")
    send(0, place)
    happen("resolved", fire("outage", minutes=1), minutes=9)
    place.fails = None
    for minutes in (20, 21):
        send(minutes, place)
    assert place.told == [("firing", ["first"]), ("firing", ["outage"])]


def test_what_begins_anew_after_it_was_told_that_it_is_over_is_told_at_once(place: Place) -> None:
    channel()
    slow = rule(cooldown_seconds=3_600)
    one = fire(of=slow)
    send(0, place)
    happen("resolved", one, minutes=5)
    send(5, place)
    fire(minutes=10, of=slow)
    send(10, place)
    assert [kind for kind, _ in place.told] == ["firing", "resolved", "firing"]


def test_what_nobody_was_told_of_while_it_was_silenced_and_acknowledged_is_told_when_it_is_neither(
    place: Place,
) -> None:
    channel()
    one = fire()
    happen("silenced", one, minutes=0)
    happen("acknowledged", one, minutes=1)
    happen("unsilenced", one, minutes=5)
    assert send(5, place) == 0
    happen("unacknowledged", one, minutes=6)
    happen("acknowledged", one, minutes=6)
    happen("unacknowledged", one, minutes=7)
    send(7, place)
    assert place.told == [("firing", ["checkout"])]
