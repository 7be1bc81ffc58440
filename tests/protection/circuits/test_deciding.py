"""Circuits are opened, tried and closed in the database: whoever decides, once."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.protection.circuits import deciding, decisions, retention
from monitoring.protection.circuits.families import families
from monitoring.protection.circuits.models import (
    Circuit,
    CircuitAsker,
    CircuitCall,
    CircuitChange,
    CircuitPermit,
    State,
)
from monitoring.recording.resilience.circuits import FAILED, REFUSED

from .calling import NAME, Made, a_circuit, now, permits, put, take_in, the_circuit

pytestmark = pytest.mark.django_db


def ask(*processes: str) -> None:
    take_in([Made(now(), REFUSED, process=one) for one in processes])


def test_nothing_is_decided_at_the_cost_of_two_queries() -> None:
    a_circuit()
    take_in([Made(now())])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert deciding.decide() == 0
    assert len(queries) == 2


def test_one_goes_through_all_its_states() -> None:
    a_circuit(failure_threshold=3, timeout_seconds=30)
    take_in([Made(now(), FAILED) for _ in range(3)])
    assert deciding.decide() == 1
    row = the_circuit()
    assert (row.state, row.reason, row.by) == (State.OPEN, "3 of 3 calls failed within 60 s.", "rates")
    assert deciding.decide() == 0

    put(State.OPEN, until=5)
    ask("p1", "p2")
    later = datetime.now(UTC) + timedelta(seconds=6)
    assert deciding.decide(later) == 2
    assert the_circuit().state == State.HALF_OPEN
    ((granted, *_),) = permits()
    (number,) = CircuitPermit.objects.values_list("number", flat=True)
    value = json.loads(decisions.entries()[f"shop:{NAME}"].value)
    assert value["grants"] == {granted: [[number, CircuitPermit.objects.get().void]]}
    assert deciding.decide(later) == 0

    take_in([Made(now(), FAILED, number, granted)])
    assert deciding.decide(later) == 1
    row = the_circuit()
    assert (row.state, row.trials, row.opened) == (State.OPEN, 1, 1)
    assert row.until is not None
    assert round((row.until - later).total_seconds()) == 60

    CircuitAsker.objects.update(at=now() + 65_000)
    last = later + timedelta(seconds=61)
    assert deciding.decide(last) == 2
    take_in([Made(now(), 0, the_circuit().number, permits()[-1][0])])
    assert deciding.decide(last) == 1
    row = the_circuit()
    assert (row.state, row.trials, row.opened) == (State.CLOSED, 0, 1)
    assert decisions.entries() == {}
    states = list(CircuitChange.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["open", "half_open", "open", "half_open", "closed"]


@pytest.mark.parametrize("step", ["change", "grant"])
def test_of_two_who_decide_at_the_same_time_one_does(step: str) -> None:
    a_circuit()
    put(State.OPEN if step == "change" else State.HALF_OPEN, until=-1, first=1)
    take_in([Made(now(), REFUSED)])
    versions = []

    def somebody_else(name: str) -> None:
        if name == step and not versions:
            versions.append(the_circuit().version)
            deciding.decide()

    assert deciding.decide(step=somebody_else) == 0
    assert CircuitPermit.objects.count() == 1
    assert CircuitChange.objects.count() == (1 if step == "change" else 0)


def test_what_is_told_of_an_open_circuit_holds_for_a_while_and_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    a_circuit()
    put(State.OPEN, until=600)
    clock = now() // 30_000 * 30_000
    first = None
    for seconds, same in ((0, True), (29, True), (599, True), (660, False)):
        monkeypatch.setattr(time, "time", lambda at=clock / 1000 + seconds: at)
        (entry,) = decisions.entries().values()
        assert entry.expires is not None
        assert entry.expires > clock + seconds * 1000 + 60_000
        first = first or entry
        assert (entry == first) is same


def test_what_is_old_is_dropped_and_what_is_in_use_is_not() -> None:
    a_circuit()
    at = datetime.now(UTC)
    take_in([Made(now()), Made(now() - 3_600_000)])
    put(State.OPEN, seen=at - timedelta(days=200))
    take_in([Made(now(), REFUSED, name="other")])
    retention.prune(at, at - timedelta(days=90))
    assert Circuit.objects.count() == 2
    assert CircuitCall.objects.count() == 2
    put(State.CLOSED)
    retention.prune(at, at - timedelta(days=90))
    assert [row.name for row in Circuit.objects.all()] == ["other"]


def test_metrics_tell_the_state_and_what_became_of_calls() -> None:
    a_circuit()
    take_in([Made(now()), Made(now(), FAILED), Made(now(), REFUSED)])
    put(State.OPEN, opened=2)
    found = {
        (
            sample.name,
            *(value for key, value in sample.labels.items() if key in ("state", "outcome", "reason")),
        ): sample.value
        for family in families({"circuit_unready_total": 3.0})
        for sample in family.samples
    }
    assert found["enginel_circuit_state", "open"] == 1
    assert found["enginel_circuit_state", "closed"] == 0
    assert found[("enginel_circuit_opened_total",)] == 2
    assert [found["enginel_circuit_calls_total", one] for one in ("succeeded", "failed", "refused")] == [1, 1, 1]
    assert found["enginel_circuit_calls_unjudged_total", "unready"] == 3
