"""What the error log gave up, as a family of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from monitoring.conf import Config

from .log import totals


def families(_config: Config) -> Iterator[Metric]:
    """Yield what went before its time, since more is not kept."""
    given_up = CounterMetricFamily(
        "enginel_errors_given_up",
        "What the error log gave up before its time: payloads of errors, and whole rows.",
        labels=("what",),
    )
    for name, value in sorted(totals.read().items()):
        given_up.add_metric((name,), value)
    yield given_up
