"""Wherever a decision about a circuit ends, and however many decide at once, it is made once and locks nothing."""

from __future__ import annotations

import pytest

from monitoring.protection.circuits.deciding import decide
from monitoring.protection.circuits.models import CircuitChange, CircuitPermit, State
from monitoring.recording.resilience.circuits import REFUSED
from tests.faults.processes import ENDED, Thread, end_at, in_child
from tests.protection.circuits.calling import Made, a_circuit, now, put, take_in, the_circuit

STEPS = ["look", "change", "commit the change", "look", "grant", "commit the grant", "look"]


@pytest.fixture(autouse=True)
def due(database: None, still: None) -> None:
    """A circuit is to be tried, and many processes want to."""
    a_circuit(half_open_requests=2)
    put(State.OPEN, until=-1)
    take_in([Made(now(), REFUSED, process=f"p{number}") for number in range(9)])


def assert_tried_once() -> None:
    assert the_circuit().state == State.HALF_OPEN
    assert CircuitPermit.objects.count() == 2
    assert CircuitChange.objects.count() == 1


def test_the_steps_of_a_decision_are_the_ones_tested_here() -> None:
    seen: list[str] = []
    decide(step=seen.append)
    assert seen == STEPS
    assert_tried_once()


@pytest.mark.parametrize("step", sorted(set(STEPS)))
def test_what_one_that_dies_has_begun_the_next_one_ends(step: str) -> None:
    assert in_child(lambda: decide(step=end_at(step))) == ENDED
    decide()
    assert_tried_once()
    assert decide() == 0


def test_many_at_once_decide_once() -> None:
    threads = [Thread(decide) for _ in range(6)]
    assert sum(int(str(thread.result())) for thread in threads) == 2
    assert_tried_once()
