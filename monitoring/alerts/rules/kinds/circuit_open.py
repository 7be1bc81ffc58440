"""A circuit that is open, or is being tried: calls through it are refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitoring.alerts.rules import forms, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.protection.circuits.models import Circuit, State

FORGOTTEN_SECONDS = 1800
"""A circuit that no process has told of for so long refuses nobody: who uses one tells of it every ten minutes."""
_STATES = {State.OPEN: "open", State.HALF_OPEN: "being tried"}
_COLUMNS = ("service", "name", "state", "since", "until", "reason", "by")


@dataclass(frozen=True)
class CircuitOpen(Params):
    """Which circuits."""

    circuits: tuple[str, ...] = param(forms.patterns(), "Names of circuits; all unless given.", ())


def read(params: CircuitOpen, query: Query) -> Result:
    """Find the circuits that are not closed."""
    rows = Circuit.objects.filter(
        patterns.where("name", params.circuits),
        patterns.where("service", query.filters.service),
        declared=True,
        seen__gte=query.now - timedelta(seconds=FORGOTTEN_SECONDS),
    )
    refusing = rows.exclude(state=State.CLOSED).only(*_COLUMNS).order_by("service", "name")
    return Result([_sample(circuit, query) for circuit in refusing])


def _sample(circuit: Circuit, query: Query) -> Sample:
    evidence = {
        "state": _STATES[State(circuit.state)],
        "since": circuit.since.isoformat(),
        "until": circuit.until.isoformat() if circuit.until else None,
        "reason": circuit.reason,
        "by": circuit.by,
    }
    lasting = max(0.0, (query.now - circuit.since).total_seconds())
    return Sample({"circuit": circuit.name, "service": circuit.service}, lasting, evidence=evidence)


KIND = Kind(
    name="circuit_open",
    says="A circuit that is not closed, so that calls are refused.",
    params=CircuitOpen,
    read=read,
    summary="The circuit {circuit} of {service} is {state}: {reason}",
    filters=frozenset({"service"}),
)
