"""What a message says: the transition it tells of, or the many that became one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from monitoring.alerts.channels import texts
from monitoring.alerts.channels.base import IncidentView, Message, MessageKind
from monitoring.alerts.incidents.models import Incident, IncidentState
from monitoring.storage.outbox import OutgoingState

from . import facts
from .desk import Desk
from .models import Delivery, DeliveryGate, DeliveryKind
from .parcels import MOST_FOR_PROGRAMS, Parcel

SHOWN = 20
"""Incidents of a digest that people are told; the others are counted."""
_LATE_SECONDS = 60
"""From then on a message says that it is late."""


def message(parcel: Parcel, gate: DeliveryGate, desk: Desk) -> Message:
    """Return what is sent, by what is known by now; its key is that of the parcel.

    Args:
        parcel: What is to be told.
        gate: The way to the destination.
        desk: What messages are sent with.
    """
    told = _incidents(parcel.deliveries)
    shown = facts.views(told[: SHOWN if gate.digest else MOST_FOR_PROGRAMS], gate.label, desk)
    first = parcel.deliveries[0]
    return Message(
        kind=MessageKind.DIGEST if parcel.is_digest else MessageKind(first.kind),
        title=_title(parcel, told, shown),
        severity=first.incident.severity,
        incidents=tuple(shown),
        idempotency_key=str(parcel.row.idempotency_key),
        at=max(delivery.entry.at for delivery in parcel.deliveries),
        sent=desk.now(),
        reason=_reason(parcel, desk),
        omitted=len(told) - len(shown),
    )


def _incidents(deliveries: Sequence[Delivery]) -> list[Incident]:
    """Return what a message is about, each incident once: those that go on first, of these the worst."""
    ranks = {delivery.incident_id: (delivery.rank, delivery.pk) for delivery in reversed(deliveries)}
    found = {delivery.incident_id: delivery.incident for delivery in deliveries}
    return sorted(found.values(), key=lambda one: (one.state == IncidentState.RESOLVED, ranks[one.pk]))


def _title(parcel: Parcel, told: Sequence[Incident], shown: Sequence[IncidentView]) -> str:
    if not parcel.is_digest:
        return shown[0].summary
    states = Counter(one.state == IncidentState.RESOLVED for one in told)
    parts = [f"{states[False]:,} firing"] if states[False] else []
    parts += [f"{states[True]:,} resolved"] if states[True] else []
    return f"{len(told):,} alert{'' if len(told) == 1 else 's'}: {', '.join(parts)}"


def _reason(parcel: Parcel, desk: Desk) -> str:
    first = parcel.deliveries[0]
    said = []
    if not parcel.is_digest and first.kind == DeliveryKind.ESCALATED:
        minutes = max(1, int(desk.config.escalate_after_seconds // 60))
        said.append(f"Nobody acknowledged it within {minutes} minute{'' if minutes == 1 else 's'}.")
    if held := _held_back(parcel.deliveries, desk):
        others = "another message was" if held == 1 else f"{held:,} other messages were"
        said.append(f"Since the last one, {others} held back.")
    if late := _late(parcel, desk):
        said.append(late)
    return " ".join(said)


def _late(parcel: Parcel, desk: Desk) -> str:
    """Say that a message comes long after what it tells of, of which it says so otherwise as if it were now."""
    seconds = (desk.now() - min(delivery.entry.at for delivery in parcel.deliveries)).total_seconds()
    if seconds < _LATE_SECONDS:
        return ""
    why = "could not be sent before" if parcel.row.attempts > 1 else "was held back, or could not be sent before"
    up_to = "up to " if len(parcel.deliveries) > 1 else ""
    return f"This {why}: it is {up_to}{texts.span(seconds)} late."


def _held_back(deliveries: Sequence[Delivery], desk: Desk) -> int:
    """Return how many messages about the same things were not sent since one was."""
    rows = Delivery.objects.using(desk.alias).filter(
        destination=deliveries[0].destination, incident_key__in={one.incident_key for one in deliveries}
    )
    later = rows.filter(
        incident_key=OuterRef("incident_key"), state=OutgoingState.SENT, settled__gte=OuterRef("settled")
    )
    return rows.filter(~Exists(later), state=OutgoingState.DROPPED).count()
