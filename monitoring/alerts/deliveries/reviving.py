"""Having messages sent after all that were given up: people ask for it.

That something fires is told also when it is over by now, and then says so. That it goes on is not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction
from django.db.models import Q, QuerySet

from monitoring.alerts.incidents.models import Incident, IncidentState
from monitoring.storage import outbox, trail
from monitoring.storage.outbox import Outgoing, OutgoingState

from . import gates
from .models import AlertDigest, Delivery, DeliveryKind

_OVERTAKEN = Q(
    digest=None, kind__in=(DeliveryKind.MILESTONE, DeliveryKind.ESCALATED), incident__state=IncidentState.RESOLVED
)
"""What tells that something goes on which is over."""


_TOLD = 50
"""Deliveries or destinations that an entry of the journal names."""


def send_again(deliveries: Iterable[int], now: datetime | None = None, *, at_once: bool = True) -> int:
    """Have deliveries sent that were given up; those of a digest with all that it told of, as the same message.

    Args:
        deliveries: Primary keys; others than those that were given up are left as they are, and so are those that
            told that something goes on which is over.
        now: The current time, unless it is.
        at_once: Whether destinations are tried though they are to be left alone: so people want it, who are told of.

    Returns:
        How many deliveries are sent.
    """
    alias, now = router.db_for_write(Delivery), now or datetime.now(UTC)
    rows = Delivery.objects.using(alias).filter(state=OutgoingState.DEAD)
    wanted = rows.filter(pk__in=list(deliveries)).exclude(_OVERTAKEN)
    if not wanted.exists():
        return 0
    with transaction.atomic(using=alias):
        # Whoever ends them meanwhile sees what is sent again, or is seen.
        incidents = Incident.objects.using(alias).filter(pk__in=wanted.order_by().values("incident"))
        list(incidents.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
        chosen = list(wanted.order_by("pk").select_related("digest"))
        digests = {row.digest_id: row.digest for row in chosen if row.digest is not None}
        again = sum(_revive(row, Delivery.objects.using(alias), now) for row in chosen if row.digest is None)
        for digest in digests.values():
            if _revive(digest, AlertDigest.objects.using(alias), now):
                of_digest = rows.filter(digest=digest)
                again += of_digest.update(state=OutgoingState.SENDING, settled=None, counted=False)
        if at_once:
            gates.revive({row.destination for row in chosen}, alias)
        if again and at_once:
            said = {"number": again, "deliveries": [row.pk for row in chosen[:_TOLD]]}
            target = str(chosen[0].pk) if len(chosen) == 1 else ""
            trail.tell(trail.Deed("delivery.send_again", "delivery", target, details=said), alias)
    return again


def refusal(delivery: Delivery) -> str:
    """Say why a delivery cannot be sent again; empty when it can be."""
    if delivery.state != OutgoingState.DEAD:
        return "This delivery was not given up."
    if Delivery.objects.using(delivery._state.db).filter(_OVERTAKEN, pk=delivery.pk).exists():
        return "This told that the incident goes on, and it is over."
    return ""


def try_at_once(destinations: Collection[str]) -> int:
    """Have destinations tried though they are to be left alone, with what was tried before as well.

    Args:
        destinations: Their keys.

    Returns:
        How many destinations that are.
    """
    alias, now = router.db_for_write(Delivery), datetime.now(UTC)
    with transaction.atomic(using=alias):
        for model in (Delivery, AlertDigest):
            waiting = model._default_manager.using(alias).filter(destination__in=destinations, next_at__gt=now)
            waiting.filter(state=OutgoingState.PENDING, attempts__gt=0).update(next_at=now)
        revived = gates.revive(destinations, alias)
        if revived:
            said = {"number": revived, "destinations": sorted(destinations)[:_TOLD]}
            target = next(iter(destinations)) if len(destinations) == 1 else ""
            trail.tell(trail.Deed("destination.try_at_once", "destination", target, details=said), alias)
    return revived


def _revive(row: Outgoing, table: QuerySet[Any], now: datetime) -> bool:
    if not outbox.retry(row, now):
        return False
    # It was tried: it stays the message that it is, and is gathered with no others.
    table.filter(pk=row.pk).update(counted=False, attempts=1)
    return True
