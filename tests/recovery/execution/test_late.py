"""Somebody who was held up for longer than a lease does nothing any more, and what they did after all is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from monitoring.jobs.findings import Finding
from monitoring.recovery import verification
from monitoring.recovery.execution import due
from monitoring.recovery.models import Recovery
from monitoring.recovery.states import ActionState
from monitoring.recovery.strategies.base import Applied, Order, Site

from .stage import Reaches, Stage, action, error, events, install, recovery

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]
HELD_UP = ["refused", "refused", "performing", "executed", "settled", "ended"]


class HeldUp(Reaches):
    """The first who does it is held up right before, or right before they fail."""

    meanwhile: Callable[[], None] | None = None
    breaks = False
    sticks = False

    def apply(self, order: Order, site: Site) -> Applied:
        if (meanwhile := self.meanwhile) is None:
            return super().apply(order, site)
        self.meanwhile = None
        meanwhile()
        applied = super().apply(order, site)
        if self.breaks:
            raise ConnectionResetError("The broker went away.")
        return applied

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        if self.sticks:
            raise ConnectionResetError("The broker went away.")
        return super().undo(order, undo, site)


@pytest.fixture(autouse=True)
def cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "watch", lambda *_: verification.Watched("cleared", "No more came."))


def others(row: Recovery, stage: Stage) -> None:
    """Somebody else takes the lease over, acts, and the action's time ends."""
    other = Stage(time=stage.time + timedelta(seconds=31))
    other.work(row)
    other.later(130)
    other.work(row)
    other.later(700)
    assert due.end_overdue(other.desk()) == 1


def test_who_was_held_up_before_the_deed_does_nothing(monkeypatch: pytest.MonkeyPatch, redis_client: Any) -> None:
    install(monkeypatch, Reaches())
    stage = Stage()
    row = recovery(error(), stage)

    def step(name: str) -> None:
        if name == "perform":
            stage.step = lambda _: None
            others(row, stage)

    stage.step = step
    stage.work(row)
    assert (action(row, strategy="pool_increase").state, redis_client.get("deeds"), events(row)) == (
        ActionState.ENDED,
        b"0",
        HELD_UP,
    )


@pytest.mark.parametrize("breaks", [False, True])
def test_what_was_done_when_the_action_was_over_is_undone_and_written_down(
    monkeypatch: pytest.MonkeyPatch, redis_client: Any, breaks: bool
) -> None:
    strategy, stage = HeldUp(), Stage()
    install(monkeypatch, strategy)
    row = recovery(error(), stage)
    strategy.breaks, strategy.meanwhile = breaks, lambda: others(row, stage)
    stage.work(row)
    assert (action(row, strategy="pool_increase").state, redis_client.get("deeds")) == (ActionState.ENDED, b"0")
    assert events(row) == [*HELD_UP, "rolled_back"]


def test_what_somebody_else_has_done_since_and_stands_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, redis_client: Any
) -> None:
    strategy, stage = HeldUp(), Stage()
    install(monkeypatch, strategy)
    row = recovery(error(), stage)

    def meanwhile() -> None:
        Stage(time=stage.time + timedelta(seconds=31)).work(row)

    strategy.meanwhile = meanwhile
    stage.work(row)
    assert (action(row, strategy="pool_increase").state, redis_client.get("deeds")) == (ActionState.EXECUTED, b"1")
    assert events(row) == HELD_UP[:4]


def test_people_are_told_of_what_was_done_late_and_cannot_be_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy, stage = HeldUp(), Stage()
    install(monkeypatch, strategy)
    row = recovery(error(), stage)

    def meanwhile() -> None:
        others(row, stage)
        strategy.sticks = True

    strategy.meanwhile = meanwhile
    stage.work(row)
    assert events(row)[-1] == "roll_back_failed"
    assert Finding.objects.get().kind == "recovery_not_taken_back"
