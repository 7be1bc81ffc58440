"""How deliveries stand: what waits, what was given up lately, and which destinations fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import router
from django.db.models import Count, Min

from monitoring.storage.outbox import OutgoingState

from .models import Delivery, DeliveryGate

_OPEN = (OutgoingState.PENDING, OutgoingState.SENDING)


@dataclass(frozen=True)
class Standing:
    """How deliveries stand.

    Attributes:
        waiting: Deliveries that are due and not settled.
        oldest: For how many seconds the oldest of them has been due.
        dead: Those that were given up lately.
        failing: Destinations to which the last attempt failed.
    """

    waiting: int
    oldest: float
    dead: int
    failing: int


def standing(now: datetime, lately: datetime) -> Standing:
    """Return how deliveries stand.

    Args:
        now: The current time.
        lately: Since when what was given up counts.
    """
    alias = router.db_for_write(Delivery)
    rows = Delivery.objects.using(alias).order_by()
    due = rows.filter(state__in=_OPEN, next_at__lte=now).aggregate(count=Count("pk"), since=Min("next_at"))
    return Standing(
        waiting=due["count"],
        oldest=round((now - due["since"]).total_seconds(), 1) if due["since"] is not None else 0.0,
        dead=rows.filter(state=OutgoingState.DEAD, settled__gte=lately).count(),
        failing=DeliveryGate.objects.using(alias).filter(failures__gt=0).count(),
    )


def waiting() -> dict[str, int]:
    """Return how many deliveries wait to be sent, by kind of channel."""
    rows = Delivery.objects.using(router.db_for_write(Delivery)).filter(state__in=_OPEN).order_by()
    return dict(rows.values_list("channel").annotate(count=Count("pk")))


def failing() -> int:
    """Return to how many destinations the last attempt failed."""
    return DeliveryGate.objects.using(router.db_for_write(DeliveryGate)).filter(failures__gt=0).count()
