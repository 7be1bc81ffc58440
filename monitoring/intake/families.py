"""What became of recorded events, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import router
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.conf import Config
from monitoring.metrics.totals import counters

from .models import DeadLetter
from .tally import OUTCOMES


def families(config: Config) -> Iterator[Metric]:
    """Yield events by kind and outcome, what was changed on the way in, and the batches that wait for a replay."""
    events = CounterMetricFamily(
        "enginel_events", "Recorded events by what became of them.", labels=("kind", "outcome")
    )
    notes = CounterMetricFamily(
        "enginel_intake_notes", "Values that were clamped, folded or refused on the way in.", labels=("note",)
    )
    shown: dict[tuple[str, str], float] = {}
    for name, count in counters("intake", config.metrics_series).items():
        title, _, kind = name.partition(":")
        outcome = title.removeprefix("events_")
        if kind and outcome in OUTCOMES:
            shown = {(kind, other): 0.0 for other in OUTCOMES} | shown | {(kind, outcome): count}
        else:
            notes.add_metric((name,), count)
    for values, count in sorted(shown.items()):
        events.add_metric(values, count)
    yield events
    yield notes
    waiting = DeadLetter.objects.using(router.db_for_write(DeadLetter)).count()
    yield GaugeMetricFamily("enginel_dead_letters", "Batches that could not be taken in and wait.", waiting)
