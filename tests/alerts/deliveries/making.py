"""Incidents to which things happen, places that messages arrive at, and runs that send them, also later ones."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from monitoring.alerts.channels.base import Message, TemporaryError
from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.deliveries.desk import Desk, desk, no_step
from monitoring.alerts.deliveries.dispatch import due
from monitoring.alerts.deliveries.models import Delivery
from monitoring.alerts.deliveries.planning import plan
from monitoring.alerts.deliveries.sending import serve
from monitoring.alerts.incidents import history
from monitoring.alerts.incidents.models import Incident, IncidentEntry
from monitoring.alerts.rules.models import AlertRule

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_STATES = {
    "firing": {"state": "firing"},
    "resolved": {"state": "resolved"},
    "acknowledged": {"state": "acknowledged", "acknowledged_by": "Eve"},
    "unacknowledged": {"state": "firing"},
    "silenced": {"silenced": True},
    "unsilenced": {"silenced": False},
    "inhibited": {"inhibited": True},
    "uninhibited": {"inhibited": False},
}


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def channel(name: str = "ops", severities: Sequence[str] = ("critical", "high"), **values: Any) -> AlertChannel:
    """A channel of one destination; where its messages arrive, the desk says."""
    settings = {"url": "https://shop.example.com/hook"}
    return AlertChannel.objects.create(
        name=name, kind="slack", settings=settings, severities=list(severities), **values
    )


def key(row: AlertChannel) -> str:
    return f"channel:{row.pk}"


def rule(name: str = "Too many errors", **values: Any) -> AlertRule:
    return AlertRule.objects.create(name=name, kind="error_count", **{"cooldown_seconds": 0, **values})


def incident(name: str = "checkout", minutes: float = 0, of: AlertRule | None = None, **values: Any) -> Incident:
    """An incident that is about to fire."""
    rule_name = of.name if of is not None else "Too many errors"
    return Incident.objects.create(
        rule=of,
        rule_name=rule_name,
        key=hashlib.sha256(f"{rule_name} {name}".encode()).hexdigest(),
        **{
            "labels": {"route": name},
            "severity": "high",
            "started": at(minutes),
            "last_active": at(minutes),
            "summary": f"Many errors of {name}",
            **values,
        },
    )


def happen(kind: str, *incidents: Incident, minutes: float = 0, **detail: Any) -> int:
    """Let something happen to incidents, as an evaluation would write it; return how many deliveries there are."""
    moment = at(minutes)
    with transaction.atomic():
        for one in incidents:
            changes = dict(_STATES.get(kind, {}))
            if kind in ("firing", "resolved"):
                changes["fired" if kind == "firing" else "resolved"] = moment
            for name, value in changes.items():
                setattr(one, name, value)
            one.version += 1
            one.save()
        entries = [history.entry(one, kind, moment, detail=detail) for one in incidents]  # type: ignore[arg-type]
        history.write(entries, "default")
        return plan(entries, moment, "default")


def fire(name: str = "checkout", minutes: float = 0, of: AlertRule | None = None, **values: Any) -> Incident:
    one = incident(name, minutes, of, **values)
    happen("firing", one, minutes=minutes)
    return one


class Place:
    """Where messages arrive. It can be told to fail."""

    kind = "place"

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.attempts: list[str] = []
        self.fails: Exception | None = None
        self.cannot_take = ""

    def send(self, message: Message) -> None:
        self.attempts.append(message.idempotency_key)
        if self.fails is not None:
            raise self.fails
        if self.cannot_take and any(self.cannot_take == view.labels["route"] for view in message.incidents):
            raise TemporaryError("Internal server error.")
        self.messages.append(message)

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        """Kinds of the messages with the routes they tell of."""
        return [(one.kind.value, [view.labels["route"] for view in one.incidents]) for one in self.messages]


def at_desk(
    minutes: float = 0, place: Place | None = None, step: Callable[[str], None] = no_step, **settings: Any
) -> Desk:
    """What messages are sent with, at some time; all destinations are one place."""
    used = desk()
    config = dataclasses.replace(used.config, **settings)
    return dataclasses.replace(used, config=config, step=step, now=lambda: at(minutes), channel=lambda _key: place)


def send(minutes: float, place: Place, **settings: Any) -> int:
    """Send what is due at some time; return how many messages that were."""
    used = at_desk(minutes, place, **settings)
    return sum(serve(gate.key, used) for gate in due(used))


def states() -> list[tuple[str, str]]:
    """What there is to be told, in its order, and how far that got."""
    return list(Delivery.objects.order_by("pk").values_list("kind", "state"))


def entry(one: Incident, kind: str) -> IncidentEntry:
    return IncidentEntry.objects.get(incident=one, kind=kind)
