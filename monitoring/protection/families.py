"""Who is refused, who would be, and what is told of it, as families of Prometheus' data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from django.db import router
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitoring.recording.enforcement.counting import FAILED, NAMES, REFUSED, UNREADY, WOULD_REFUSE

from .blocks import totals as blocks
from .blocks.models import Block
from .circuits import families as circuits
from .notices.totals import totals as notices
from .throttles.models import Throttle, ThrottleState

COUNTED = (*NAMES, *circuits.COUNTED)
"""The counters that processes keep of requests; `families` shows them under names of its own."""
_OF_REQUESTS = {
    "enginel_requests_refused": ("Requests that were answered with 429, by why.", REFUSED),
    "enginel_requests_would_refuse": (
        "Requests that a dry run let through, by why they would be refused.",
        WOULD_REFUSE,
    ),
    "enginel_requests_unjudged": (
        "Requests that were let through as their process could not say whether to refuse them.",
        {"unready": UNREADY, "failed": FAILED},
    ),
}


def families(counted: Mapping[str, float]) -> Iterator[Metric]:
    """Yield what happened since ever, from zero on, and what is in force now.

    Args:
        counted: The counters of `COUNTED` by name, as far as they have counted anything.
    """
    now, alias = datetime.now(UTC), router.db_for_write(Block)
    active = Block.objects.using(alias).in_force(now).count()
    yield GaugeMetricFamily("enginel_client_blocks_active", "Clients that are refused now.", active)
    throttles = Throttle.objects.using(alias).in_state(ThrottleState.ACTIVE, now).count()
    yield GaugeMetricFamily("enginel_throttles_active", "Throttles that are in force now.", throttles)
    blocked, withheld = blocks.read()
    yield _counter("enginel_client_blocks", "Clients that were blocked, by who decided it.", "origin", blocked)
    yield _counter(
        "enginel_client_would_block", "Clients that would have been blocked, by why they were not.", "reason", withheld
    )
    for name, (documentation, names) in _OF_REQUESTS.items():
        yield _counter(name, documentation, "reason", {why: counted.get(one, 0.0) for why, one in names.items()})
    told = CounterMetricFamily(
        "enginel_protection_notices",
        "Notices of blocks and of failing routes, by what came of them.",
        labels=("kind", "outcome"),
    )
    for values, count in notices().items():
        told.add_metric(values, count)
    yield told
    yield from circuits.families(counted)


def _counter(name: str, documentation: str, label: str, counts: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, documentation, labels=(label,))
    for value, count in counts.items():
        family.add_metric((value,), count)
    return family
