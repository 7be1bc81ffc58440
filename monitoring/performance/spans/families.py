"""Parts of traces that were left out, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from monitoring.recording.spans import DROPPED

COUNTED = (DROPPED,)
"""The counters that processes keep; `families` shows them under names of its own."""


def families(counted: Mapping[str, float]) -> Iterator[Metric]:
    """Yield how many parts of kept traces were left out since ever.

    Args:
        counted: The counters of `COUNTED` by name, as far as they have counted anything.
    """
    dropped = CounterMetricFamily(
        "enginel_spans_dropped", "Parts of traces that were left out, as there were too many of their kind."
    )
    dropped.add_metric((), counted.get(DROPPED, 0.0))
    yield dropped
