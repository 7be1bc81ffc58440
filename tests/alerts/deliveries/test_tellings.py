"""Who is told of a transition: decided over values."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("kind", ["pending", "silenced", "inhibited", "settled", "flapping", "comment"])
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


def test_within_the_cooldown_what_is_to_be_told_again_waits_until_its_end() -> None:
    (step,) = steps(transition("unsilenced"), told())
    assert (step.kind, step.due, step.held) == ("firing", NOW + 9 * MINUTE, "")
    (late,) = steps(transition("unsilenced"), told(at=NOW - 10 * MINUTE))
    assert late.due == NOW


def test_events_of_one_key_are_told_once_within_the_cooldown() -> None:
    again = transition("firing", incident=2, event=True)
    (step,) = steps(again, told(), told("resolved", pk=8))
    assert step.due == NOW + 9 * MINUTE
    (late,) = steps(again, told(at=NOW - 10 * MINUTE))
    assert late.due == NOW


def test_a_state_that_was_over_and_begins_anew_is_told_at_once() -> None:
    (step,) = steps(transition("firing", incident=2), told(), told("resolved", pk=8))
    assert step.due == NOW


def test_a_cooldown_is_one_of_each_destination() -> None:
    one, other = steps(transition("unsilenced"), told(), to=(OPS, DEV))
    assert (one.due, other.due) == (NOW + 9 * MINUTE, NOW)


def test_what_never_arrived_cools_nothing_down() -> None:
    (step,) = steps(transition("unsilenced"), told(state="dead"), told(state="dropped"))
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


def test_what_happened_once_is_told_though_it_is_over_before_anybody_tried() -> None:
    waits = told(state="pending")
    event = decide(transition("resolved", firing=False, event=True), [OPS], [waits], NOW)
    assert (event.steps, event.needless) == ((), ()), "by one message"
    held = told(state="pending", at=NOW + MINUTE)
    assert decide(transition("resolved", firing=False, event=True), [OPS], [held], NOW).needless == (7,)


def test_a_state_is_told_though_it_is_over_when_it_should_have_been_told_long_ago() -> None:
    assert over(told(state="pending", at=NOW - 4 * MINUTE)).needless == (7,)
    assert over(told(state="pending", at=NOW - 5 * MINUTE)).needless == ()
    assert over(told("milestone", state="pending", at=NOW - 5 * MINUTE)).needless == (7,)
    decision = over(told(), told(state="pending", at=NOW - 5 * MINUTE, pk=8))
    assert decision.needless == (8,), "that it is over is told anyway"


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


HAPPENS = st.sampled_from(["firing", "milestone", "escalated", "resolved", "silenced", "unsilenced", "acknowledged"])
BECOMES = st.sampled_from(["sent", "dead", "tried", "sending"])


@given(st.lists(st.one_of(HAPPENS, BECOMES), max_size=40), st.integers(0, 20))
def test_whatever_happens_in_whatever_order_nobody_is_told_too_much_or_too_little(
    happens: list[str], cooldown: int
) -> None:
    world = World(cooldown)
    for number, what in enumerate(happens):
        world.now = NOW + number * MINUTE
        world.become(what) if what in ("sent", "dead", "tried", "sending") else world.happen(what)
        world.check()


class World:
    """One incident after the other of one key, one destination, and what it was told."""

    def __init__(self, cooldown: int) -> None:
        self.rows: list[Told] = []
        self.now, self.cooldown, self.incident = NOW, cooldown * MINUTE, 1
        self.state, self.muted = "pending", False

    def happen(self, kind: str) -> None:
        if kind == "firing" and self.state != "pending":
            return
        if kind != "firing" and self.state == "pending":
            return
        self.state = {"firing": "firing", "resolved": "pending", "acknowledged": "acknowledged"}.get(kind, self.state)
        self.muted = {"silenced": True, "unsilenced": False, "firing": False}.get(kind, self.muted)
        firing = self.state == "firing"
        one = Transition(kind, self.incident, "k", firing=firing, muted=self.muted, cooldown=self.cooldown)
        decision = decide(one, [OPS], [row for row in self.rows if row.state != "dropped"], self.now)
        for row in [row for row in self.rows if row.pk in decision.needless]:
            assert (row.state, row.attempts) == ("pending", 0), "nothing is dropped that may have arrived"
            self._put(row, state="dropped")
        for step in decision.steps:
            self._tell(step)
        self.incident += kind == "resolved"

    def _tell(self, step: Step) -> None:
        mine = [row for row in self.rows if row.incident == self.incident]
        if step.kind == "resolved":
            tried = [row for row in mine if row.state == "sent" or row.attempts]
            assert any(row.kind != "resolved" for row in tried), "it is told where it may have arrived that it fires"
        else:
            assert self.state == "firing"
            assert not self.muted
        told = [row.at for row in mine if row.kind in ("firing", "milestone") and row.state == "sent"]
        if step.kind in ("firing", "milestone") and not step.held and told:
            assert step.due >= max(told) + self.cooldown
        state = "dropped" if step.held else "pending"
        self.rows.append(Told(len(self.rows), self.incident, "ops", step.kind, state, 0, step.due))

    def become(self, outcome: str) -> None:
        """Let something become of what has waited for the longest time."""
        row = next((row for row in self.rows if row.state in ("pending", "sending") and row.at <= self.now), None)
        if row is not None:
            state = {"tried": "pending"}.get(outcome, outcome)
            self._put(row, state=state, attempts=row.attempts + 1, at=self.now)

    def _put(self, row: Told, **changes: Any) -> None:
        self.rows[row.pk] = dataclasses.replace(row, **changes)

    def check(self) -> None:
        waiting = [row for row in self.rows if row.state == "pending" and not row.attempts]
        assert sum(row.kind == "firing" and row.incident == self.incident for row in waiting) <= 1
        over = [row for row in waiting if row.kind != "resolved" and row.incident < self.incident]
        assert all(row.kind == "firing" and row.at + 5 * MINUTE <= self.now for row in over), (
            "of what is over, nothing waits that nobody has tried, unless it should have been told long ago"
        )
