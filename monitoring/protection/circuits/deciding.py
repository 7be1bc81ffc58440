"""Deciding about circuits: which open, which are tried, and who may try them.

Whoever runs it, how often and how many at once, comes to the same: each decision names the version of the circuit that
it was made by, and counts only if nobody was faster.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.db import router

from . import reading
from .models import Circuit, Hold, State
from .policy import Calls, Known, grants, judge
from .writing import Change, change, grant, no_step

_STEPS = 3
"""A circuit takes so many steps in one run at most: its time is over, and then somebody may try it."""


def decide(now: datetime | None = None, step: Callable[[str], None] = no_step) -> int:
    """Open, try and close circuits, if the policy says so. Call it outside of transactions.

    Args:
        now: The current time.
        step: Called with the name of each step before it happens; tests end the process there.

    Returns:
        How many decisions were made, of which processes are to know.
    """
    now = now or datetime.now(UTC)
    alias = router.db_for_write(Circuit)
    circuits = reading.undecided(_milliseconds(now), alias)
    if not circuits:
        return 0
    closed = [one for one in circuits if one.state == State.CLOSED]
    calls = reading.calls(closed, _milliseconds(now), alias)
    return sum(_decide(one, calls.get(one.pk, Calls()), now, alias, step) for one in circuits)


def _decide(circuit: Circuit, calls: Calls, now: datetime, alias: str, step: Callable[[str], None]) -> int:
    """Decide about one circuit, until nothing more is to be decided or somebody else does."""
    made = 0
    while made < _STEPS:
        step("look")
        if not _once(circuit, calls, now, alias, step):
            break
        made += 1
        circuit, calls = Circuit.objects.using(alias).get(pk=circuit.pk), Calls()
        if circuit.hold != Hold.NONE:
            break
    return made


def _once(circuit: Circuit, calls: Calls, now: datetime, alias: str, step: Callable[[str], None]) -> bool:
    options, at = circuit.thresholds, _milliseconds(now)
    trying = circuit.state == State.HALF_OPEN
    permits = reading.permits(circuit, alias) if trying else []
    until = 0 if circuit.until is None else _milliseconds(circuit.until)
    found = judge(Known(State(circuit.state), until, circuit.trials), calls, permits, options, at)
    if found is not None:
        step("change")
        kept = None if found.state == State.CLOSED else circuit.action_id
        wanted = Change(found.state, found.reason, found.by, found.until, found.trials, action_id=kept)
        return change(circuit, wanted, now, alias, step)
    if not trying:
        return False
    processes = grants(permits, reading.askers(circuit, at, alias), options, at)
    if not processes:
        return False
    step("grant")
    return grant(circuit, processes, now, alias, step)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
