"""The watch as families of Prometheus' data model; how many findings there are, those of jobs tell by their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from monitoring.recording import visits

COUNTED = visits.COUNTED
"""The counters that processes keep; `families` shows them under one name of its own."""
_REASONS = {
    "notes": visits.NOTES_DROPPED,
    "clients": visits.CLIENTS_FOLDED,
    "tried": visits.TRIED_DROPPED,
    "patterns": visits.HITS_DROPPED,
}


def families(counted: Mapping[str, float]) -> Iterator[Metric]:
    """Yield what the watch could not look at, from zero on.

    Args:
        counted: The counters of `COUNTED` by name, as far as they have counted anything.
    """
    family = CounterMetricFamily(
        "enginel_security_unwatched", "What was too much for the security watch, by what it was.", labels=("reason",)
    )
    for reason, name in _REASONS.items():
        family.add_metric((reason,), counted.get(name, 0.0))
    yield family
