"""A circuit that code has declared is opened by recovery: calls are refused in this process, until it is taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from monitoring.protection.circuits import actions
from monitoring.protection.circuits.models import Circuit, State
from monitoring.recording import presence
from monitoring.recording.decisions import copy
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience import circuits
from monitoring.recording.resilience.circuits import CircuitOpenError, circuit
from monitoring.recovery.strategies.base import Plan, RefusedError, Site
from monitoring.recovery.strategies.circuit_break import CircuitBreak
from tests.pipeline import drain_all

from .conftest import case, effect, order, site_of, wait_for

BREAK = CircuitBreak()
FAILED = case(dependency="payments")


@pytest.fixture
def following(settings: Any, redis_client: redis.Redis) -> Iterator[None]:
    """This process follows decisions and tells of itself."""
    settings.MONITORING = {**settings.MONITORING, "HEARTBEAT_INTERVAL": 0.2}
    circuits.forget()
    presence.begin()
    yield
    copy.reset()
    circuits.forget()


def call(times: int, error: type[Exception] | None = None) -> None:
    payments = circuit("payments", failure_threshold=5, timeout_seconds=30)
    for _ in range(times):
        with contextlib.suppress(ConnectionError), payments:
            if error is not None:
                raise error("no answer")
    recorder.flush()
    drain_all()


def planned(site: Site) -> Plan | None:
    try:
        return BREAK.plan(FAILED, site)
    except RefusedError:
        return None


def refusal(site: Site, **values: Any) -> str:
    with pytest.raises(RefusedError) as refused:
        BREAK.plan(case(**({"dependency": "payments"} | values)), site)
    return str(refused.value)


@pytest.mark.usefixtures("following")
@pytest.mark.django_db(transaction=True)
def test_calls_are_refused_while_it_is_open_and_pass_when_that_is_taken_back() -> None:
    site = site_of()
    call(3, ConnectionError)
    plan = wait_for(lambda: planned(site), "this process tells that it uses the circuit")
    assert plan.target == "circuit:enginel:payments"
    assert plan.says == "Open the circuit payments for 30 s, as 3 of 3 calls failed within 60 s."
    wanted = order(FAILED, plan)
    call(1)
    applied = BREAK.apply(wanted, site)
    assert BREAK.apply(wanted, site) == applied
    site.project()
    seen = effect(BREAK, wanted, applied, site)
    assert (seen.effect, seen.facts["done"]) == (True, 1), seen
    with pytest.raises(CircuitOpenError, match="Circuit payments is open") as refused:
        call(1)
    assert 0 < refused.value.retry_after <= 30
    assert getattr(refused.value, "enginel_dependency") == "payments"  # noqa: B009  # nobody declares it
    assert "is open already: Recovery of ConnectionError" in refusal(site)

    assert BREAK.undo(wanted, applied.undo or {}, site) == "The circuit payments is closed."
    site.project()
    wait_for(lambda: "payments" not in circuits.standing, "this process knows that it is closed")
    call(1)
    assert BREAK.undo(wanted, applied.undo or {}, site).endswith("that was over already.")
    assert BREAK.seen(wanted, applied, site).effect is False


@pytest.mark.django_db
def test_it_says_why_it_cannot(site: Site, redis_client: redis.Redis) -> None:
    circuits.forget()
    assert refusal(site, dependency="") == "The error was inside of no circuit."
    assert refusal(site) == "No code of enginel has declared a circuit 'payments'."
    call(2, ConnectionError)
    assert "Too little speaks for opening the circuit payments: 2 of 2 calls failed within 60 s." in refusal(site)
    call(4)
    call(1, ConnectionError)
    assert "It takes 3 and 50% of the calls." in refusal(site)
    call(4, ConnectionError)
    nobody = replace(site, processes=list, workers=dict)
    assert refusal(nobody) == "No process that lives uses the circuit payments."
    row = Circuit.objects.get()
    assert actions.close_it(row, "anna", datetime.now(UTC), reason="It is fine.", hold=True)
    assert refusal(site) == "anna wants the circuit payments to stay closed."


@pytest.mark.django_db
def test_what_somebody_decided_meanwhile_stands(site: Site, redis_client: redis.Redis) -> None:
    circuits.forget()
    call(5, ConnectionError)
    wanted = order(FAILED, Plan("circuit:enginel:payments", {"circuit": "payments"}, "Open it."))
    row = Circuit.objects.get()
    assert actions.open_it(row, "anna", datetime.now(UTC), reason="Maintenance.", hold=True)
    with pytest.raises(RefusedError, match="has changed meanwhile"):
        BREAK.apply(wanted, site)
    assert BREAK.undo(wanted, {"circuit": "payments"}, site).endswith("that was over already.")
    assert Circuit.objects.get().state == State.OPEN
