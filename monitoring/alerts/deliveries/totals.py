"""What became of deliveries since ever, for Prometheus: counted once each, in a transaction of its own."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any

from django.db import connections, router, transaction
from django.db.models import QuerySet

from monitoring.storage import bulk
from monitoring.storage.outbox import OutgoingState

from .models import AlertDigest, Delivery, DeliveryGate, DeliveryTotal

_CHUNK = 1_000


class Outcome(StrEnum):
    """What is counted.

    `sent`, `dead` and `dropped` are deliveries by what became of them, `retries` their attempts beyond the first, and
    `digests` the messages that told of many of them.
    """

    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"
    RETRIES = "retries"
    DIGESTS = "digests"


_OUTCOMES = {
    OutgoingState.SENT: Outcome.SENT,
    OutgoingState.DEAD: Outcome.DEAD,
    OutgoingState.DROPPED: Outcome.DROPPED,
}


def totals() -> dict[tuple[str, str], int]:
    """Return how often what happened, by outcome and kind of channel."""
    rows = DeliveryTotal.objects.using(router.db_for_write(DeliveryTotal)).order_by()
    return {(outcome, channel): count for outcome, channel, count in rows.values_list("outcome", "channel", "count")}


def count(alias: str) -> int:
    """Count what is settled and not counted yet; return how many rows that were."""
    counted = 0
    # Mostly there is nothing to count, which needs no transaction.
    if _uncounted(Delivery.objects.using(alias)).exists():
        counted += _count_deliveries(alias)
    if _uncounted(AlertDigest.objects.using(alias)).exists():
        counted += _count_digests(alias)
    return counted


def _count_deliveries(alias: str) -> int:
    rows = Delivery.objects.using(alias)
    with transaction.atomic(using=alias):
        held = _uncounted(rows).order_by("pk").select_for_update(of=("self",))
        found = list(held.values_list("pk", "state", "channel", "attempts")[:_CHUNK])
        counted = Counter[tuple[str, str]]()
        for _, state, channel, attempts in found:
            counted[_OUTCOMES[OutgoingState(state)], channel] += 1
            counted[Outcome.RETRIES, channel] += max(0, attempts - 1)
        rows.filter(pk__in=[pk for pk, *_ in found]).update(counted=True)
        _add(counted, alias)
    return len(found)


def _count_digests(alias: str) -> int:
    rows = AlertDigest.objects.using(alias)
    with transaction.atomic(using=alias):
        held = _uncounted(rows).order_by("pk").select_for_update(of=("self",))
        found = list(held.values_list("pk", "state", "destination")[:_CHUNK])
        gates = DeliveryGate.objects.using(alias).in_bulk({destination for _, _, destination in found})
        sent = [destination for _, state, destination in found if state == OutgoingState.SENT]
        rows.filter(pk__in=[pk for pk, *_ in found]).update(counted=True)
        _add(Counter((str(Outcome.DIGESTS), gates[key].channel) for key in sent if key in gates), alias)
    return len(found)


def _uncounted(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return settled rows that are not counted."""
    return rows.filter(counted=False, settled__isnull=False)


def _add(counted: Counter[tuple[str, str]], alias: str) -> None:
    keys = sorted(key for key, count in counted.items() if count)
    if keys:
        rows: bulk.Columns = {
            "outcome": [str(outcome) for outcome, _ in keys],
            "channel": [channel for _, channel in keys],
            "count": [counted[key] for key in keys],
        }
        bulk.add(connections[alias], DeliveryTotal, rows, added=["count"])
