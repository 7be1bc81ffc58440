"""Who is told of a transition: decided over values."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.alerts.channels.base import Destination
from monitoring.alerts.deliveries.tellings import Decision, Step, Told, Transition, decide

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPS, DEV = Destination("ops", "Ops", "email"), Destination("dev", "Dev", "slack")
FIRED = Transition("firing", incident=1, key="k", firing=True, muted=False, cooldown=10 * MINUTE)


def transition(kind: str, **changes: Any) -> Transition:
    return dataclasses.replace(FIRED, kind=kind, **changes)


def told(kind: str = "firing", state: str = "sent", **values: Any) -> Told:
    known = {"pk": 7, "incident": 1, "destination": "ops", "attempts": int(state != "pending"), "at": NOW - MINUTE}
    return Told(kind=kind, state=state, **{**known, **values})


def steps(one: Transition, *before: Told, to: tuple[Destination, ...] = (OPS,)) -> tuple[Step, ...]:
    return decide(one, to, before, NOW).steps


def test_what_fires_is_told_to_each_destination_once_and_at_once() -> None:
    assert steps(FIRED, to=(OPS, DEV, OPS)) == (Step("ops", "firing", NOW), Step("dev", "firing", NOW))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind", ["pending", "silenced", "inhibited", "settled", "flapping", "comment", "unacknowledged"]
)
def test_other_transitions_are_told_to_nobody(kind: str) -> None:
    assert decide(transition(kind), [OPS], [], NOW).steps == ()


@pytest.mark.parametrize("kind", ["firing", "milestone", "escalated", "unsilenced"])
@pytest.mark.parametrize("quiet", [{"muted": True}, {"firing": False}])
def test_what_is_muted_or_acknowledged_is_told_to_nobody(kind: str, quiet: dict[str, bool]) -> None:
    assert decide(transition(kind, **quiet), [OPS], [], NOW) == Decision()


@pytest.mark.parametrize("kind", ["unsilenced", "uninhibited"])
def test_what_still_fires_when_it_may_be_told_again_is_told_like_what_fires(kind: str) -> None:
    assert steps(transition(kind)) == (Step("ops", "firing", NOW),)  # type: ignore[arg-type]
    assert steps(transition(kind), told(state="pending")) == (), "it is about to be told"


def test_within_the_cooldown_what_fires_again_waits_until_its_end() -> None:
    (step,) = steps(transition("firing", incident=2), told(), told("resolved"))
    assert (step.kind, step.due, step.held) == ("firing", NOW + 9 * MINUTE, "")


def test_after_the_cooldown_what_fires_again_is_told_at_once() -> None:
    (step,) = steps(transition("firing", incident=2), told(at=NOW - 10 * MINUTE))
    assert step.due == NOW


def test_a_cooldown_is_one_of_each_destination() -> None:
    one, other = steps(transition("firing", incident=2), told(), to=(OPS, DEV))
    assert (one.due, other.due) == (NOW + 9 * MINUTE, NOW)


def test_what_never_arrived_cools_nothing_down() -> None:
    (step,) = steps(transition("firing", incident=2), told(state="dead"), told(state="dropped"))
    assert step.due == NOW


def test_a_milestone_is_told_after_the_cooldown_and_counted_within_it() -> None:
    (early,) = steps(transition("milestone"), told())
    (late,) = steps(transition("milestone"), told(at=NOW - 10 * MINUTE))
    assert early.held
    assert not late.held


def test_who_is_yet_to_be_told_that_it_fires_needs_no_milestone() -> None:
    assert steps(transition("milestone"), told(state="pending", at=NOW + MINUTE)) == ()
    assert steps(transition("milestone"), told(state="sending")) == ()
    assert len(steps(transition("milestone"), told(state="dead"))) == 1


def test_an_escalation_knows_no_cooldown() -> None:
    assert steps(transition("escalated"), told()) == (Step("ops", "escalated", NOW),)  # type: ignore[arg-type]


def over(*before: Told) -> Decision:
    return decide(transition("resolved", firing=False), [OPS, DEV], before, NOW)


def test_that_it_is_over_is_told_where_it_arrived_that_it_fires_and_nowhere_else() -> None:
    assert over() == dataclasses.replace(over(), steps=(), needless=())
    assert [step.destination for step in over(told()).steps] == ["ops"]
    assert over(told(state="dead")).steps == ()
    assert over(told(incident=2)).steps == (), "that was another incident"


def test_that_it_is_over_is_told_though_it_is_silenced_by_now_and_where_nothing_is_routed_any_more() -> None:
    decision = decide(transition("resolved", firing=False, muted=True), [], [told()], NOW)
    assert [step.kind for step in decision.steps] == ["resolved"]


def test_what_nobody_tried_to_send_is_dropped_when_it_is_over() -> None:
    decision = over(told(state="pending"), told(state="pending", pk=8, destination="dev", at=NOW + MINUTE))
    assert (decision.steps, decision.needless) == ((), (7, 8))


@pytest.mark.parametrize(("state", "attempts"), [("sending", 1), ("pending", 1)])
def test_what_may_have_arrived_is_followed_by_that_it_is_over(state: str, attempts: int) -> None:
    decision = over(told(state=state, attempts=attempts))
    assert [step.follows for step in decision.steps] == [7]
    assert decision.needless == ()


def test_a_milestone_that_is_not_sent_yet_is_dropped_when_it_is_over() -> None:
    decision = over(told(), told("milestone", state="pending", pk=8))
    assert [step.follows for step in decision.steps] == [None]
    assert decision.needless == (8,)


def test_that_it_is_over_is_told_once_for_each_time_it_was_told_that_it_fires() -> None:
    assert over(told(), told("resolved", pk=8)).steps == ()
    assert len(over(told(), told("resolved", pk=8), told("escalated", pk=9)).steps) == 1


@pytest.mark.parametrize(
    ("kind", "dropped"),
    [
        ("silenced", {"firing", "milestone", "escalated"}),
        ("inhibited", {"firing", "milestone", "escalated"}),
        ("acknowledged", {"milestone", "escalated"}),
    ],
)
def test_what_is_silenced_or_acknowledged_makes_messages_needless(kind: str, dropped: set[str]) -> None:
    kinds = ["firing", "milestone", "escalated", "resolved"]
    waiting = [told(one, state="pending", pk=number) for number, one in enumerate(kinds)]
    decision = decide(transition(kind, firing=False), [OPS], waiting, NOW)
    assert {kinds[pk] for pk in decision.needless} == dropped
    assert decision.reason
    assert decision.steps == ()
