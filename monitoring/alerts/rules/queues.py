"""Queues as they were sampled last: what the two kinds of rules about queues have in common."""

from __future__ import annotations

from datetime import timedelta

from monitoring.jobs.queues.models import QueueState

from . import patterns
from .kind import Query

FRESH_SECONDS = 60
"""A sample older than this says nothing about now: what samples is dead, or the queue is gone."""


def states(query: Query) -> list[QueueState]:
    """Return the queues that a rule looks at, as far as something is known of them."""
    fresh = query.now - timedelta(seconds=FRESH_SECONDS)
    rows = QueueState.objects.filter(patterns.where("name", query.filters.queue), at__gte=fresh)
    return list(rows.only("name", "depth", "oldest_age", "workers", "rate_in", "rate_out").order_by("name"))


def evidence(state: QueueState) -> dict[str, float | None]:
    """Return what else is known of a queue."""
    return {
        "depth": state.depth,
        "oldest_age": state.oldest_age,
        "workers": state.workers,
        "rate_in": state.rate_in,
        "rate_out": state.rate_out,
    }
