"""What is done beside sending: deliveries follow their digest, what was given up has its turn, all is counted."""

from __future__ import annotations

from monitoring.storage.outbox import OutgoingState

from . import insisting, totals
from .desk import Desk
from .models import AlertDigest, Delivery

_OPEN = (OutgoingState.PENDING, OutgoingState.SENDING)


def tidy(desk: Desk) -> None:
    """Settle deliveries whose digest was settled without them, count what is settled, and insist on what goes on."""
    _follow(desk)
    totals.count(desk.alias)
    insisting.insist(desk)


def _follow(desk: Desk) -> None:
    """Give up what was to be told by digests that were given up when they were taken once too often."""
    left = Delivery.objects.using(desk.alias).filter(state__in=_OPEN)
    over = left.filter(digest__settled__isnull=False).values_list("digest", flat=True)
    for digest in AlertDigest.objects.using(desk.alias).in_bulk(list(over)).values():
        told = left.filter(digest=digest)
        told.update(state=digest.state, settled=digest.settled, last_error=digest.last_error)
