"""How deliveries stand: what waits, what was given up lately, and which destinations fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import router
from django.db.models import Count, Exists, Min, OuterRef

from monitoring.alerts.incidents.models import Incident, IncidentState
from monitoring.classification import ErrorSeverity
from monitoring.storage.outbox import OutgoingState

from .models import Delivery, DeliveryGate, DeliveryKind

_PATIENCE = timedelta(minutes=5)
_OPEN = (OutgoingState.PENDING, OutgoingState.SENDING)


@dataclass(frozen=True)
class Standing:
    """How deliveries stand.

    Attributes:
        waiting: Deliveries that are due and not settled.
        oldest: For how many seconds the oldest of them has been due.
        dead: Those that were given up lately.
        failing: Destinations to which the last attempt failed.
        untold: Critical incidents that fire, of which nobody could be told.
    """

    waiting: int
    oldest: float
    dead: int
    failing: int
    untold: int = 0


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
        untold=untold(now),
    )


def untold(now: datetime) -> int:
    """Return of how many critical incidents that fire nobody could be told, though it was tried, for five minutes."""
    alias = router.db_for_write(Delivery)
    alarms = Delivery.objects.using(alias).filter(incident=OuterRef("pk")).exclude(kind=DeliveryKind.RESOLVED)
    firing = Incident.objects.using(alias).filter(
        state=IncidentState.FIRING, silenced=False, inhibited=False, severity=ErrorSeverity.CRITICAL.value
    )
    tried = firing.filter(
        Exists(alarms.filter(attempts__gt=0, created__lte=now - _PATIENCE)),
        ~Exists(alarms.filter(state=OutgoingState.SENT)),
    )
    # That alerting is unhealthy, and nobody could be told of that, must not keep it unhealthy.
    return sum(labels.get("component") != "alerts" for labels in tried.values_list("labels", flat=True))


def waiting() -> dict[str, int]:
    """Return how many deliveries wait to be sent, by kind of channel."""
    rows = Delivery.objects.using(router.db_for_write(Delivery)).filter(state__in=_OPEN).order_by()
    return dict(rows.values_list("channel").annotate(count=Count("pk")))


def failing() -> int:
    """Return to how many destinations the last attempt failed."""
    return DeliveryGate.objects.using(router.db_for_write(DeliveryGate)).filter(failures__gt=0).count()
