"""What was given up is tried again every hour, for as long as what it tells of goes on and nobody has acknowledged it.

An address may be refused only for a while: a name that was not found, a channel that was archived by mistake.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet

from monitoring.alerts.incidents.models import IncidentState
from monitoring.storage.outbox import OutgoingState

from . import reviving
from .desk import Desk
from .models import Delivery, DeliveryKind

_EVERY = timedelta(hours=1)
_AT_ONCE = 3
"""Messages that are tried again to one destination at a time; the way there paces them."""
_KINDS = (DeliveryKind.FIRING, DeliveryKind.ESCALATED)
_OPEN = (OutgoingState.PENDING, OutgoingState.SENDING)


def insist(desk: Desk) -> int:
    """Have tried again what was given up an hour ago; return how many deliveries that are.

    Args:
        desk: What messages are sent with.
    """
    dead = _dead(desk)
    return sum(
        reviving.send_again(_next(dead.filter(destination=key), key, desk), desk.now(), at_once=False)
        for key in dead.order_by().values_list("destination", flat=True).distinct()
        if desk.channel(key) is not None
    )


def _dead(desk: Desk) -> QuerySet[Delivery]:
    rows = Delivery.objects.using(desk.alias)
    told = rows.filter(
        incident=OuterRef("incident"),
        destination=OuterRef("destination"),
        kind=OuterRef("kind"),
        state__in=(*_OPEN, OutgoingState.SENT),
    )
    return rows.filter(
        ~Exists(told),
        state=OutgoingState.DEAD,
        settled__lte=desk.now() - _EVERY,
        kind__in=_KINDS,
        incident__state=IncidentState.FIRING,
        incident__silenced=False,
        incident__inhibited=False,
    )


def _next(dead: QuerySet[Delivery], key: str, desk: Desk) -> list[int]:
    rows = Delivery.objects.using(desk.alias).filter(destination=key, state__in=_OPEN, attempts__gt=0)
    free = _AT_ONCE - rows.count()
    return list(dead.order_by("rank", "pk").values_list("pk", flat=True)[:free]) if free > 0 else []
