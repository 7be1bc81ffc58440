"""A worker that ends at any step of a notice loses none, and what arrives twice is known by its key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from monitoring.protection.notices.models import Notice
from monitoring.protection.notices.totals import totals
from tests.faults.processes import ENDED, end_at, in_child
from tests.outbound.server import Server, in_turn, says
from tests.protection.notices.making import ask, received, run

pytestmark = pytest.mark.usefixtures("database")

LATER = timedelta(minutes=2)
STEPS = ["look errors up", "fix the message", "send", "note what came of it", "end"]


def test_the_steps_are_the_ones_tested_here(receiver: Server) -> None:
    seen: list[str] = []
    ask()
    assert run(step=seen.append) == 1
    assert seen == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_a_worker_ends_at_it_arrives_and_twice_only_as_the_same(step: str, receiver: Server) -> None:
    ask()
    assert in_child(lambda: run(step=end_at(step))) == ENDED
    assert run() == 0, "it is still held"
    run(LATER)
    run(2 * LATER)
    got = received(receiver)
    assert len(got) == (2 if step == "note what came of it" else 1)
    assert all(one == got[0] for one in got)
    assert Notice.objects.get().state == "sent"
    assert totals()["patch", "sent"] == 1


@pytest.mark.parametrize("step", ["note the failure", "end"])
def test_a_worker_that_ends_while_it_notes_a_failure_is_followed_by_another_attempt(
    step: str, serve: Callable[..., Server]
) -> None:
    receiver = serve(in_turn(says(503), says()))
    ask()
    assert in_child(lambda: run(step=end_at(step))) == ENDED
    assert run(LATER) == 1
    first, second = received(receiver)
    assert first == second
    assert totals()["patch", "failed"] == (0 if step == "note the failure" else 1)
