"""Open the circuit that the error was inside of, before its own thresholds do: others' calls are spared the wait."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from monitoring.protection.circuits import actions, reading
from monitoring.protection.circuits.models import Circuit, Hold, State
from monitoring.protection.circuits.policy import Calls
from monitoring.recovery import effects
from monitoring.stream.heartbeats import Heartbeat

from .base import Applied, Case, InForceError, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

_TRIES = 3
_STATES = {State.OPEN: "open", State.HALF_OPEN: "being tried"}


class CircuitBreak(Strategy):
    """It needs a circuit that code has declared, and about which half as many calls failed as open it by themselves."""

    name = "circuit_break"
    label = "Circuit Break"
    reach = Reach.HARMLESS
    success_rate = 0.90
    defaults = {"failure_threshold": 5, "timeout_seconds": 60, "half_open_requests": 1}

    def plan(self, case: Case, site: Site) -> Plan:
        """See whether the error was inside of a circuit, and whether calls through it fail."""
        row = _circuit(case, site)
        if row.hold == Hold.CLOSED:
            raise RefusedError(f"{row.by or 'Somebody'} wants the circuit {row.name} to stay closed.")
        if row.state != State.CLOSED:
            says = f"The circuit {row.name} is {_STATES[State(row.state)]} already: {row.reason}"
            raise InForceError(says, _target(row))
        options = row.thresholds
        calls = reading.calls([row], time.time_ns() // 1_000_000, site.alias)[row.pk]
        failed = _evidence(row, calls)
        if not effects.targets(site, case.service, lambda one: _using(one, row.name)):
            raise RefusedError(f"No process that lives uses the circuit {row.name}.")
        return Plan(
            target=_target(row),
            parameters={
                "failure_threshold": options.failure_threshold,
                "timeout_seconds": options.timeout_seconds,
                "half_open_requests": options.half_open_requests,
                "circuit": row.name,
            },
            says=f"Open the circuit {row.name} for {options.timeout_seconds:g} s, as {failed}.",
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Open it, if it is still closed."""
        row = _circuit(order.case, site)
        if row.action_id != order.id:
            if row.state != State.CLOSED or row.hold != Hold.NONE:
                raise RefusedError(f"The circuit {row.name} has changed meanwhile.")
            reason = f"Recovery of {order.case.error_type} in {order.case.name}."
            if not actions.open_it(row, "recovery", order.now, reason=reason, action_id=order.id):
                raise RefusedError(f"The circuit {row.name} has changed meanwhile.")
        return Applied(f"The circuit {row.name} is open.", {"circuit": row.name})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether all processes that use it know that it is open."""
        row = _row(order, site)
        if row is None:
            return Seen(False, "It is not open, or not by this.")
        said = _acknowledged(row, site)
        return Seen(said.effect, said.says(), said.facts())

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Close it, unless it was closed already or somebody has decided about it since."""
        for _ in range(_TRIES):
            row = _row(order, site)
            if row is None:
                break
            if actions.close_it(row, "recovery", order.now, reason="Opening it was taken back."):
                return f"The circuit {undo['circuit']} is closed."
        return f"The circuit {undo['circuit']} was left as it is: that was over already."


def _target(row: Circuit) -> str:
    return f"circuit:{row.service}:{row.name}"


def _circuit(case: Case, site: Site) -> Circuit:
    """Return the circuit that the error was inside of.

    Raises:
        RefusedError: It was inside of none.
    """
    if not case.dependency:
        raise RefusedError("The error was inside of no circuit.")
    row = Circuit.objects.using(site.alias).filter(service=case.service, name=case.dependency, declared=True).first()
    if row is None:
        raise RefusedError(f"No code of {case.service} has declared a circuit {case.dependency!r}.")
    return row


def _row(order: Order, site: Site) -> Circuit | None:
    """Return the circuit as long as it is as this order has put it."""
    return Circuit.objects.using(site.alias).filter(action_id=order.id).exclude(state=State.CLOSED).first()


def _evidence(row: Circuit, calls: Calls) -> str:
    """Say what speaks for opening it.

    Raises:
        RefusedError: Too little does.
    """
    options = row.thresholds
    least = math.ceil(options.failure_threshold / 2)
    said = f"{calls.failed} of {calls.calls} calls failed within {options.window_seconds} s"
    if calls.failed < max(least, options.failure_rate * calls.calls):
        raise RefusedError(
            f"Too little speaks for opening the circuit {row.name}: {said}. "
            f"It takes {least} and {options.failure_rate:.0%} of the calls."
        )
    return said


def _using(one: Heartbeat, name: str) -> str | None:
    can = one.state.get("can")
    names = can.get("circuits") if isinstance(can, dict) else None
    return None if isinstance(names, list) and name in names else f"It does not use the circuit {name}."


def _acknowledged(row: Circuit, site: Site) -> effects.Acknowledgement:
    names, done, waiting, refused = [], [], [], {}
    for one in effects.targets(site, row.service, lambda process: _using(process, row.name)):
        name, said = effects.process_name(one), one.state.get("effects")
        reason = said.get(row.effect_id) if isinstance(said, dict) else None
        names.append(name)
        if reason is None:
            waiting.append(name)
        elif reason:
            refused[name] = str(reason)
        else:
            done.append(name)
    return effects.Acknowledgement(tuple(names), tuple(done), tuple(waiting), refused)
