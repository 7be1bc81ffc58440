"""What people decide about incidents. Deciding the same again changes nothing, and is not written down again.

Each decision locks its incident, so that it comes either before or after an evaluator that changes it. Who evaluates
next makes of it what there is to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction

from monitoring.alerts.deliveries.planning import plan
from monitoring.recording.scrub.texts import clean
from monitoring.storage import trail

from . import history
from .models import Incident, IncidentEntry, IncidentState, TransitionKind

MAX_COMMENT = 10_000
_DEEDS = {
    TransitionKind.ACKNOWLEDGED: "incident.acknowledge",
    TransitionKind.UNACKNOWLEDGED: "incident.unacknowledge",
    TransitionKind.RESOLVED: "incident.resolve",
}
_Change = Callable[[Incident, datetime], Mapping[str, Any]]


class UnknownIncidentError(Exception):
    """There is no such incident."""


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why, to a person."""


class ChangedError(RefusedError):
    """The incident is no longer as it was when whoever decided looked at it."""


def acknowledge(incident_id: int, who: str, version: int | None = None) -> bool:
    """Say that somebody looks after a firing incident: it is not escalated, and stays acknowledged until it is over.

    Args:
        incident_id: Primary key of the incident.
        who: Name of whoever does.
        version: The incident's version that was looked at, to decide about no other; None for any.

    Returns:
        Whether this changed anything; False when it was acknowledged already.

    Raises:
        UnknownIncidentError: There is no such incident.
        RefusedError: It does not fire yet, or no more.
        ChangedError: Its version is another one.
    """

    def change(incident: Incident, now: datetime) -> dict[str, Any]:
        if incident.state == IncidentState.ACKNOWLEDGED:
            return {}
        if incident.state != IncidentState.FIRING:
            raise RefusedError(f"The incident is {incident.state}: only one that is firing can be acknowledged.")
        return {"state": IncidentState.ACKNOWLEDGED, "acknowledged_at": now, "acknowledged_by": history.name(who)}

    return _decide(incident_id, TransitionKind.ACKNOWLEDGED, who, version, change)


def unacknowledge(incident_id: int, who: str, version: int | None = None) -> bool:
    """Take an acknowledgement back: the incident is firing, and is escalated as if it had just begun to.

    Arguments, result and errors are those of `acknowledge`.
    """

    def change(incident: Incident, _now: datetime) -> dict[str, Any]:
        if incident.state == IncidentState.FIRING:
            return {}
        if incident.state != IncidentState.ACKNOWLEDGED:
            raise RefusedError(f"The incident is {incident.state}: it is not acknowledged.")
        return {"state": IncidentState.FIRING, "acknowledged_at": None, "acknowledged_by": ""}

    return _decide(incident_id, TransitionKind.UNACKNOWLEDGED, who, version, change)


def resolve(incident_id: int, who: str, version: int | None = None) -> bool:
    """Say that an incident of an event is over. Its rule may find that for some time yet, and opens no other for it.

    States that last are resolved by the evaluation alone: who resolved one by hand would not hear that it lasts.

    Args:
        incident_id: Primary key of the incident.
        who: Name of whoever says so.
        version: The incident's version that was looked at; None for any.

    Returns:
        Whether this changed anything; False when it was resolved already.

    Raises:
        UnknownIncidentError: There is no such incident.
        RefusedError: It does not fire yet, or its rule still finds it.
        ChangedError: Its version is another one.
    """

    def change(incident: Incident, now: datetime) -> dict[str, Any]:
        if incident.state == IncidentState.RESOLVED:
            return {}
        if incident.state == IncidentState.PENDING:
            raise RefusedError("The incident is pending: it goes by itself, or fires first.")
        found = incident.absent_since is None
        if found and not incident.event:
            raise RefusedError("Its rule still finds it: acknowledge or silence the incident instead.")
        ended = {"state": IncidentState.RESOLVED, "resolved": now, "flapping": False}
        return {**ended, "spent": found, "notified_count": 0 if found else incident.notified_count}

    return _decide(incident_id, TransitionKind.RESOLVED, who, version, change)


def comment(incident_id: int, text: str, who: str) -> IncidentEntry:
    """Add a comment to an incident's history; the same one, sent once more at once, is written once.

    Args:
        incident_id: Primary key of the incident.
        text: The comment; what is beyond 10,000 characters is cut.
        who: Whose it is.

    Raises:
        UnknownIncidentError: There is no such incident.
    """
    alias = router.db_for_write(Incident)
    with transaction.atomic(using=alias):
        incident = _locked(incident_id, alias)
        detail = {"text": clean(text, MAX_COMMENT)}
        new = history.entry(incident, TransitionKind.COMMENT, datetime.now(UTC), who, detail)
        last = IncidentEntry.objects.using(alias).filter(incident=incident).first()
        if last is not None and (last.kind, last.who, last.detail) == (new.kind, new.who, new.detail):
            return last
        history.write([new], alias)
        _tell("incident.comment", incident, who, alias, new.detail)
        return new


def _decide(incident_id: int, kind: TransitionKind, who: str, version: int | None, change: _Change) -> bool:
    """Change an incident as `change` says, where it says anything; write it down, and plan who is told."""
    alias = router.db_for_write(Incident)
    with transaction.atomic(using=alias):
        incident, now = _locked(incident_id, alias), datetime.now(UTC)
        if version is not None and incident.version != version:
            raise ChangedError("The incident has changed meanwhile: look at it again.")
        values = change(incident, now)
        if not values:
            return False
        for name, value in values.items():
            setattr(incident, name, value)
        incident.version += 1
        incident.save(using=alias, update_fields=[*values, "version"])
        entry = history.entry(incident, kind, now, who)
        history.write([entry], alias)
        plan([entry], now, alias)
        _tell(_DEEDS[kind], incident, who, alias, {})
    return True


def _tell(action: str, incident: Incident, who: str, alias: str, detail: Mapping[str, Any]) -> None:
    said = {"rule": incident.rule_name, "labels": incident.labels, **detail}
    trail.tell(trail.Deed(action, "incident", str(incident.pk), actor=who, details=said), alias)


def _locked(incident_id: int, alias: str) -> Incident:
    """Return an incident that nobody else changes before the end of the transaction."""
    found = Incident.objects.using(alias).select_for_update(of=("self",)).filter(pk=incident_id).first()
    if found is None:
        raise UnknownIncidentError(f"There is no incident {incident_id}.")
    return found
