"""Having messages sent after all that were given up: people ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction
from django.db.models import QuerySet

from monitoring.storage import outbox
from monitoring.storage.outbox import Outgoing, OutgoingState

from . import gates
from .models import AlertDigest, Delivery


def send_again(deliveries: Iterable[int]) -> int:
    """Have deliveries sent that were given up; those of a digest with all that it told of, as the same message.

    Args:
        deliveries: Primary keys; others than those that were given up are left as they are.

    Returns:
        How many deliveries are sent.
    """
    alias, now = router.db_for_write(Delivery), datetime.now(UTC)
    rows = Delivery.objects.using(alias).filter(state=OutgoingState.DEAD)
    with transaction.atomic(using=alias):
        chosen = list(rows.filter(pk__in=list(deliveries)).order_by("pk").select_related("digest"))
        digests = {row.digest_id: row.digest for row in chosen if row.digest is not None}
        again = sum(_revive(row, Delivery.objects.using(alias), now) for row in chosen if row.digest is None)
        for digest in digests.values():
            if _revive(digest, AlertDigest.objects.using(alias), now):
                of_digest = rows.filter(digest=digest)
                again += of_digest.update(state=OutgoingState.SENDING, settled=None, counted=False)
        gates.revive({row.destination for row in chosen}, alias)
    return again


def _revive(row: Outgoing, table: QuerySet[Any], now: datetime) -> bool:
    if not outbox.retry(row, now):
        return False
    # It was tried: it stays the message that it is, and is gathered with no others.
    table.filter(pk=row.pk).update(counted=False, attempts=1)
    return True
