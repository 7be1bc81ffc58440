"""Incidents that nobody acknowledges in time are told to somebody else, once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from monitoring.alerts.channels import routing
from monitoring.alerts.incidents import history
from monitoring.alerts.incidents.models import Incident, IncidentEntry, IncidentState, TransitionKind

from .desk import Desk
from .planning import plan

_MOST = 200
_AFRESH = (TransitionKind.UNACKNOWLEDGED, TransitionKind.UNSILENCED, TransitionKind.UNINHIBITED)
"""From these on the time counts anew."""


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
    entries = IncidentEntry.objects.using(desk.alias).filter(incident=OuterRef("pk"))
    return Incident.objects.using(desk.alias).filter(
        ~Exists(entries.filter(kind=TransitionKind.ESCALATED)),
        ~Exists(entries.filter(kind__in=_AFRESH, at__gt=since)),
        state=IncidentState.FIRING,
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
