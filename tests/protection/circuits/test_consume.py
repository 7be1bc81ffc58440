"""Calls are counted once, by second; what may change a circuit makes work due, and nothing else does."""

from __future__ import annotations

import pytest

from monitoring.protection.circuits import consume as consuming
from monitoring.protection.circuits import reading
from monitoring.protection.circuits.consume import DUE, NOT_KEPT
from monitoring.protection.circuits.models import (
    Circuit,
    CircuitAsker,
    CircuitCall,
    CircuitPermit,
    CircuitTotal,
    State,
)
from monitoring.recording.resilience.circuits import BEGAN, FAILED, REFUSED, SLOW

from .calling import NAME, Made, a_circuit, declare, now, permits, put, take_in, the_circuit

pytestmark = pytest.mark.django_db


def failing(count: int, at: int | None = None) -> list[Made]:
    return [Made(now() if at is None else at, FAILED) for _ in range(count)]


def test_calls_are_counted_by_second_and_in_all_across_shards() -> None:
    at = now() // 1000 * 1000
    take_in([Made(at), Made(at, FAILED), Made(at + 1, SLOW), Made(at + 1000, FAILED | SLOW), Made(at, REFUSED)])
    take_in([Made(at, FAILED)], shard=1)
    seconds = CircuitCall.objects.order_by("shard", "second").values_list("calls", "failed", "slow", "refused")
    assert list(seconds) == [(3, 1, 1, 1), (1, 1, 1, 0), (1, 1, 0, 0)]
    totals = CircuitTotal.objects.order_by("shard").values_list("calls", "failed", "slow", "refused")
    assert list(totals) == [(4, 2, 2, 1), (1, 1, 0, 0)]
    counted = reading.calls([the_circuit()], at + 2000, "default")[the_circuit().pk]
    assert (counted.calls, counted.failed, counted.slow) == (5, 3, 2)


def test_a_circuit_that_nobody_has_declared_is_counted_and_not_decided_about() -> None:
    assert DUE not in take_in(failing(50)).due
    assert not the_circuit().declared
    assert DUE in take_in(facts=[declare()]).due
    assert the_circuit().declared


def test_the_failure_that_crosses_a_threshold_makes_work_due() -> None:
    a_circuit(failure_threshold=5)
    assert DUE not in take_in(failing(4)).due
    assert DUE not in take_in([Made(now())]).due
    assert DUE in take_in(failing(1), shard=1).due


def test_what_code_says_is_kept_and_what_cannot_be_is_as_by_default() -> None:
    row = a_circuit(failure_rate=0.25, window_seconds=3, surplus=1)
    assert (row.thresholds.failure_rate, row.thresholds.window_seconds) == (0.25, 60)
    assert DUE not in take_in(facts=[declare(failure_rate=0.25)]).due
    assert DUE in take_in(facts=[declare(failure_rate=0.75)]).due
    assert the_circuit().thresholds.failure_rate == 0.75
    # Code that uses it as it is changes nothing.
    assert DUE not in take_in(facts=[declare()]).due
    assert the_circuit().thresholds.failure_rate == 0.75


def test_calls_of_before_an_open_circuit_was_closed_do_not_count() -> None:
    a_circuit(failure_threshold=5)
    at = now()
    take_in(failing(4, at))
    put(State.CLOSED, opened=1)
    assert DUE not in take_in(failing(4, at)).due
    assert DUE in take_in(failing(5, at + 1000), at=at + 1000).due


def test_who_asks_is_noted_when_a_circuit_is_about_to_be_tried() -> None:
    a_circuit()
    put(State.OPEN, until=600)
    take_in([Made(now(), REFUSED)])
    assert not CircuitAsker.objects.exists()
    put(State.OPEN, until=5)
    at = now()
    assert DUE not in take_in([Made(at, REFUSED), Made(at + 5, REFUSED), Made(at + 2, REFUSED, process="p2")]).due
    assert dict(CircuitAsker.objects.values_list("process", "at")) == {"p1": at + 5, "p2": at + 2}
    put(State.OPEN, until=-1)
    assert DUE in take_in([Made(at + 9, REFUSED)]).due
    assert CircuitAsker.objects.get(process="p1").at == at + 9


def test_what_came_of_a_trial_is_noted_once() -> None:
    row = a_circuit()
    put(State.HALF_OPEN, first=1)
    for number in (1, 2, 3):
        CircuitPermit.objects.create(circuit=row, number=number, process=f"p{number}", granted=0, void=0, lost=0)
    take_in([Made(now(), BEGAN, 1), Made(now(), BEGAN, 2)])
    assert permits() == [("p1", True, ""), ("p2", True, ""), ("p3", False, "")]
    assert DUE in take_in([Made(now(), 0, 1), Made(now(), SLOW, 2)]).due
    take_in([Made(now(), FAILED, 1)])
    assert permits() == [("p1", True, "succeeded"), ("p2", True, "failed"), ("p3", False, "")]
    assert CircuitTotal.objects.get().calls == 3


def test_only_so_many_circuits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "MOST", 2)
    scope = take_in([Made(now(), name=f"c{number}") for number in range(5)])
    assert scope.noted[NOT_KEPT] == 3
    assert Circuit.objects.count() == CircuitTotal.objects.count() == 2
    assert take_in([Made(now(), name="c0")]).noted[NOT_KEPT] == 0


def test_names_that_no_circuit_can_have_are_left_out() -> None:
    take_in([Made(now(), name=""), Made(now(), name="x" * 101), Made(now())])
    assert [row.name for row in Circuit.objects.all()] == [NAME]
