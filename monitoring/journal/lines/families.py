"""Lines that were not kept, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from monitoring.recording.lines import DROPPED

COUNTED = (DROPPED,)
"""The counters that processes keep; `families` shows them under names of its own."""


def families(counted: Mapping[str, float]) -> Iterator[Metric]:
    """Yield how many lines were not kept, as there were too many.

    Args:
        counted: The counters of `COUNTED` by name, as far as they have counted anything.
    """
    dropped = CounterMetricFamily("enginel_log_lines_dropped", "Lines that were not kept, as there were too many.")
    dropped.add_metric((), counted.get(DROPPED, 0.0))
    yield dropped
