"""The journal as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import router
from django.db.models import Count, Min
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.conf import Config

from .models import PendingEntry, StreamHead


def families(_config: Config) -> Iterator[Metric]:
    """Yield how many entries there are, what waits to be sealed, and how old the last seal is."""
    using, now = router.db_for_read(StreamHead), datetime.now(UTC)
    entries = CounterMetricFamily(
        "enginel_journal_entries", "Entries that were sealed into a chain.", labels=("stream",)
    )
    unproved = GaugeMetricFamily(
        "enginel_journal_unproved",
        "Entries of a chain since its last seal outside of the database.",
        labels=("stream",),
    )
    seal_age = GaugeMetricFamily(
        "enginel_journal_seal_age_seconds",
        "Since when a chain was not sealed outside of the database; a chain that rests is not sealed anew.",
        labels=("stream",),
    )
    for head in StreamHead.objects.using(using).order_by("stream"):
        entries.add_metric((head.stream,), head.sequence)
        unproved.add_metric((head.stream,), head.sequence - head.sealed)
        if head.sealed_at is not None:
            seal_age.add_metric((head.stream,), max(0.0, (now - head.sealed_at).total_seconds()))
    waiting = PendingEntry.objects.using(using).aggregate(number=Count("id"), since=Min("created"))
    pending = GaugeMetricFamily("enginel_journal_pending", "Entries that wait to be sealed.", waiting["number"])
    age = (now - waiting["since"]).total_seconds() if waiting["since"] else 0.0
    oldest = GaugeMetricFamily("enginel_journal_pending_age_seconds", "For how long the oldest of them waits.", age)
    yield from (entries, unproved, seal_age, pending, oldest)
