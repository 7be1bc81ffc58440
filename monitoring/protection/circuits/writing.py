"""Change a circuit: always by compare-and-set, so that of two who decide at the same time one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from .models import MAX_REASON, MAX_WHO, Circuit, CircuitAsker, CircuitChange, CircuitPermit, Hold, State
from .policy import BEGIN, lost_after


@dataclass(frozen=True)
class Change:
    """What a circuit becomes.

    Attributes:
        until: When an open one is tried, in milliseconds since the epoch; 0 for never, and for those that are not open.
        hold: Whether it stays so whatever is counted.
        action_id: The recovery's action that opens it.
    """

    state: str
    reason: str
    by: str
    until: int = 0
    trials: int = 0
    hold: str = Hold.NONE
    action_id: UUID | None = None


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps."""


def change(circuit: Circuit, wanted: Change, now: datetime, alias: str, step: Callable[[str], None] = no_step) -> bool:
    """Change a circuit; return whether it still was as it was looked at.

    Args:
        circuit: As it was looked at; its version decides.
        wanted: What it becomes.
        now: The time.
        alias: The write database.
        step: Called with the name of each step before it happens; tests end the process there.
    """
    values: dict[str, Any] = {
        "state": wanted.state,
        "since": now,
        "until": datetime.fromtimestamp(wanted.until / 1000, UTC) if wanted.until else None,
        "hold": wanted.hold,
        "reason": wanted.reason[:MAX_REASON],
        "by": wanted.by[:MAX_WHO],
        "action_id": wanted.action_id,
        "trials": wanted.trials,
        "opened": circuit.opened + (wanted.state == State.OPEN and circuit.state == State.CLOSED),
        "first": circuit.number + 1,
        "version": circuit.version + 1,
    }
    with transaction.atomic(using=alias):
        same = Circuit.objects.using(alias).filter(pk=circuit.pk, version=circuit.version)
        if not same.update(**values):
            return False
        CircuitPermit.objects.using(alias).filter(circuit=circuit.pk, number__lt=circuit.first).delete()
        if wanted.state == State.CLOSED:
            CircuitAsker.objects.using(alias).filter(circuit=circuit.pk).delete()
        CircuitChange.objects.using(alias).create(
            circuit_id=circuit.pk,
            at=now,
            **{name: values[name] for name in ("state", "hold", "reason", "by")},
        )
        step("commit the change")
    return True


def grant(
    circuit: Circuit, processes: Sequence[str], now: datetime, alias: str, step: Callable[[str], None] = no_step
) -> bool:
    """Permit processes a call each, for a moment; return whether the circuit still was as it was looked at."""
    milliseconds = int(now.timestamp() * 1000)
    void = milliseconds + BEGIN
    permits = [
        CircuitPermit(
            circuit_id=circuit.pk,
            number=circuit.number + place,
            process=process,
            granted=milliseconds,
            void=void,
            lost=void + lost_after(circuit.thresholds),
        )
        for place, process in enumerate(processes, start=1)
    ]
    with transaction.atomic(using=alias):
        same = Circuit.objects.using(alias).filter(pk=circuit.pk, version=circuit.version)
        if not same.update(number=circuit.number + len(permits), version=circuit.version + 1):
            return False
        CircuitPermit.objects.using(alias).bulk_create(permits)
        step("commit the grant")
    return True
