"""Health, as a family of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from monitoring.access.probes import LIMIT_SECONDS
from monitoring.component import Status
from monitoring.conf import Config

from .board import board

_VALUES = {Status.HEALTHY: 1.0, Status.DEGRADED: 0.5, Status.UNHEALTHY: 0.0}


def families(_config: Config) -> Iterator[Metric]:
    """Yield how every component is, as this process knows it."""
    family = GaugeMetricFamily(
        "enginel_component_status",
        "How a component is: 1 healthy, 0.5 degraded, 0 unhealthy.",
        labels=("component",),
    )
    known = board.pending()
    if known is not None:  # a process that has just started knows nothing for a moment
        known.wait(LIMIT_SECONDS)
    for component, status in sorted(board.statuses().items()):
        family.add_metric((component,), _VALUES[status])
    yield family
