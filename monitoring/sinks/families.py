"""What became of what was to be forwarded, as families of Prometheus' data model; none where no sink is on."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.conf import Config

from .standing import standing


def families(config: Config) -> Iterator[Metric]:
    """Yield what sinks took, refused and never got since ever, and what waits for them now."""
    found = standing(config)
    if not found:
        return
    records = CounterMetricFamily(
        "enginel_sink_records", "Records to forward, by what became of them.", labels=("outcome", "sink")
    )
    size = GaugeMetricFamily("enginel_sink_waiting_bytes", "What waits to be forwarded, compressed.", labels=("sink",))
    oldest = GaugeMetricFamily(
        "enginel_sink_waiting_seconds", "For how long the oldest of it has waited.", labels=("sink",)
    )
    failures = GaugeMetricFamily(
        "enginel_sink_failures", "Attempts that failed since the last that did not.", labels=("sink",)
    )
    now = time.time()
    for one in found:
        for outcome in ("sent", "refused", "dropped"):
            records.add_metric((outcome, one.kind), getattr(one.state, outcome))
        since = one.waiting.since
        size.add_metric((one.kind,), one.waiting.bytes)
        oldest.add_metric((one.kind,), max(now - since.timestamp(), 0.0) if since is not None else 0.0)
        failures.add_metric((one.kind,), one.state.failures)
    yield from (records, size, oldest, failures)
