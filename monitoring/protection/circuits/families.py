"""Circuits and the calls through them, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db import router
from django.db.models import Sum
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.recording.resilience.circuits import UNREADY
from monitoring.recording.resilience.fallbacks import DEGRADED, USED
from monitoring.recording.resilience.standing import LAPSED

from .models import Circuit, CircuitTotal, State

COUNTED = (UNREADY, LAPSED, USED, DEGRADED)
"""The counters that processes keep; `families` shows them under names of its own."""
_LABELS = ("service", "circuit")


def families(counted: Mapping[str, float]) -> Iterator[Metric]:
    """Yield what circuits are now, and what became of calls since ever.

    Args:
        counted: The counters of `COUNTED` by name, as far as they have counted anything.
    """
    alias = router.db_for_write(Circuit)
    rows = list(Circuit.objects.using(alias).filter(declared=True).order_by("service", "name"))
    state = GaugeMetricFamily("enginel_circuit_state", "1 for what a circuit is now.", labels=(*_LABELS, "state"))
    opened = CounterMetricFamily("enginel_circuit_opened", "How often a circuit was opened.", labels=_LABELS)
    for row in rows:
        for one in State:
            state.add_metric((row.service, row.name, one.value), float(row.state == one))
        opened.add_metric((row.service, row.name), row.opened)
    yield state
    yield opened
    yield from _calls({(row.service, row.name) for row in rows}, alias)
    unjudged = CounterMetricFamily(
        "enginel_circuit_calls_unjudged",
        "Calls of processes that had read no decisions yet, and open circuits of which nobody has told for too long.",
        labels=("reason",),
    )
    unjudged.add_metric(("unready",), counted.get(UNREADY, 0.0))
    unjudged.add_metric(("lapsed",), counted.get(LAPSED, 0.0))
    yield unjudged
    used = CounterMetricFamily(
        "enginel_fallbacks_used", "Calls that an alternative answered, by why.", labels=("reason",)
    )
    used.add_metric(("failed",), counted.get(USED, 0.0))
    used.add_metric(("degraded",), counted.get(DEGRADED, 0.0))
    yield used


def _calls(names: set[tuple[str, str]], alias: str) -> Iterator[Metric]:
    calls = CounterMetricFamily(
        "enginel_circuit_calls", "Calls through circuits, by what became of them.", labels=(*_LABELS, "outcome")
    )
    slow = CounterMetricFamily("enginel_circuit_calls_slow", "Calls through circuits that were slow.", labels=_LABELS)
    totals = CircuitTotal.objects.using(alias).values_list("service", "name")
    summed = totals.annotate(Sum("calls"), Sum("failed"), Sum("slow"), Sum("refused")).order_by("service", "name")
    for service, name, count, failed, slowed, refused in summed:
        if (service, name) in names:
            for outcome, value in (("succeeded", count - failed), ("failed", failed), ("refused", refused)):
                calls.add_metric((service, name, outcome), value)
            slow.add_metric((service, name), slowed)
    yield calls
    yield slow
