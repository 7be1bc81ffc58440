"""Incidents that nobody acknowledges in time are told to somebody else, once.

The time counts from when somebody was told that it fires. Where nobody could be told yet, as channels fail or there are
none, it counts from when it fired. What is over, and only kept firing in case it comes back, is not escalated.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from monitoring.alerts.channels import routing
from monitoring.alerts.incidents import history
from monitoring.alerts.incidents.models import Incident, IncidentEntry, IncidentState, TransitionKind
from monitoring.storage.outbox import OutgoingState

from .desk import Desk
from .models import Delivery, DeliveryKind
from .planning import plan

_MOST = 200
_AFRESH = (TransitionKind.UNACKNOWLEDGED, TransitionKind.UNSILENCED, TransitionKind.UNINHIBITED)
"""From these on the time counts anew, and what was escalated before may be escalated again."""


def escalate(desk: Desk) -> int:
    """Escalate what fires for too long without anybody having acknowledged it; return how many incidents.

    Args:
        desk: What messages are sent with.
    """
    found = list(_overdue(desk).order_by("fired").values_list("pk", flat=True)[:_MOST])
    if not found or not routing.escalation():
        return 0
    return sum(_escalate(pk, desk) for pk in found)


def _overdue(desk: Desk) -> QuerySet[Incident]:
    since = desk.now() - timedelta(seconds=desk.config.escalate_after_seconds)
    table = IncidentEntry.objects.using(desk.alias)
    entries = table.filter(incident=OuterRef("pk"))
    later = table.filter(incident=OuterRef("incident"), pk__gt=OuterRef("pk"), kind__in=_AFRESH)
    firing = Delivery.objects.using(desk.alias).filter(incident=OuterRef("pk"), kind=DeliveryKind.FIRING)
    told, untried = Q(state=OutgoingState.SENT), Q(state=OutgoingState.PENDING, attempts=0)
    return Incident.objects.using(desk.alias).filter(
        ~Exists(entries.filter(~Exists(later), kind=TransitionKind.ESCALATED)),
        ~Exists(entries.filter(kind__in=_AFRESH, at__gt=since)),
        Exists(firing.filter(told, settled__lte=since))
        | ~Exists(firing.filter((told & Q(settled__gt=since)) | (untried & Q(next_at__gt=since)))),
        state=IncidentState.FIRING,
        absent_since=None,
        silenced=False,
        inhibited=False,
        severity__in=desk.config.escalate_severities,
        fired__lte=since,
    )


def _escalate(pk: int, desk: Desk) -> bool:
    """Escalate one, unless somebody else did, or it no longer is to be."""
    with transaction.atomic(using=desk.alias):
        locked = Incident.objects.using(desk.alias).select_for_update(of=("self",)).filter(pk=pk).first()
        if locked is None or not _overdue(desk).filter(pk=pk).exists():
            return False
        now: datetime = desk.now()
        locked.version += 1
        locked.save(using=desk.alias, update_fields=["version"])
        minutes = round((now - (locked.fired or now)).total_seconds() / 60)
        entry = history.entry(locked, TransitionKind.ESCALATED, now, detail={"minutes": minutes})
        history.write([entry], desk.alias)
        plan([entry], now, desk.alias)
    return True
