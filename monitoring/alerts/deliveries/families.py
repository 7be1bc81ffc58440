"""What became of deliveries, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.conf import Config

from . import reading, totals

_NONE = "none"
"""A kind of channel that no delivery had yet, so that the series are there from the beginning."""


def families(config: Config) -> Iterator[Metric]:
    """Yield what became of deliveries since ever, and how they stand now."""
    del config
    counted, standing = totals.totals(), reading.waiting()
    channels = sorted({channel for _, channel in counted} | standing.keys()) or [_NONE]
    became = CounterMetricFamily(
        "enginel_alert_deliveries",
        "Deliveries by what became of them, retries of them, and digests that told of many.",
        labels=("outcome", "channel"),
    )
    for channel in channels:
        for outcome in totals.Outcome:
            became.add_metric((outcome.value, channel), counted.get((outcome.value, channel), 0))
    yield became
    waits = GaugeMetricFamily(
        "enginel_alert_deliveries_waiting", "Deliveries that wait to be sent.", labels=("channel",)
    )
    for channel in channels:
        waits.add_metric((channel,), standing.get(channel, 0))
    yield waits
    yield GaugeMetricFamily(
        "enginel_alert_destinations_failing",
        "Destinations to which the last attempt to send failed.",
        reading.failing(),
    )
