"""What is known of incidents when a message about them is sent: read in one go for all that it tells of.

Everything here may have come with an error or a label: it is scrubbed and bounded. How it looks, the channels decide.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from django.db.models.functions import Coalesce
from django.urls import reverse

from monitoring.alerts import links
from monitoring.alerts.channels.base import IncidentView, Link, LinkKind
from monitoring.alerts.incidents.models import Incident, IncidentEntry, IncidentState, TransitionKind
from monitoring.alerts.rules import phrases
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import totals
from monitoring.errors.groups.totals import Totals
from monitoring.errors.log.models import ErrorLog
from monitoring.recording import scrub

from . import own, wording
from .desk import Desk

NOT_TRIED = "No recovery was attempted."
_logger = logging.getLogger(__name__)
_MAX_SUMMARY, _MAX_FACT, _MAX_NAME, _MAX_FACTS = 1_000, 300, 60, 12
_PAGE, _API = "admin:monitoring_incident_change", "/api/monitoring/alerts/incidents/{}/"
_GROUP_PAGE, _GROUP_API = "admin:monitoring_errorgroup_change", "/api/monitoring/errors/groups/{}/"


@dataclass(frozen=True)
class Trouble:
    """The group of errors behind an incident.

    Attributes:
        group: Its primary key.
        totals: What it adds up to.
        bug: Id of its known bug; empty without one.
        error: Its newest error.
        own: Errors of the incident itself; 0 when that is unknown, or nothing else than what it counts.
    """

    group: int
    totals: Totals
    bug: str
    error: ErrorLog | None
    own: int = 0


def views(incidents: Collection[Incident], label: str, desk: Desk) -> list[IncidentView]:
    """Return incidents as a message tells them, in their order.

    Args:
        incidents: With their rules.
        label: Of the destination, in whose name links act.
        desk: What messages are sent with.
    """
    troubles, reasons = _troubles(incidents, desk.alias), _reasons(incidents, desk.alias)
    told = (_view_or_less(incident, troubles.get(incident.pk), label, desk) for incident in incidents)
    return [replace(one, closed_because=reasons.get(one.id, "")) for one in told]


def _reasons(incidents: Iterable[Incident], alias: str) -> dict[int, str]:
    """Read why incidents were closed that nobody saw end, by their primary keys."""
    over = [incident.pk for incident in incidents if incident.state == IncidentState.RESOLVED]
    if not over:
        return {}
    ends = IncidentEntry.objects.using(alias).filter(incident__in=over, kind=TransitionKind.RESOLVED)
    return {pk: _text(detail.get("reason")) for pk, detail in ends.values_list("incident_id", "detail")}


def _view_or_less(incident: Incident, trouble: Trouble | None, label: str, desk: Desk) -> IncidentView:
    """Return an incident as a message tells it; without what is known of it when that cannot be told.

    What a rule in code leaves as evidence may have any form, and must not keep people from hearing of it.
    """
    try:
        return view(incident, trouble, label, desk)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        _logger.exception("What is known of incident %d cannot be told", incident.pk)
        return IncidentView(
            id=incident.pk,
            key=incident.key,
            rule=incident.rule_name,
            severity=incident.severity,
            state=incident.state,
            summary=scrub.text(str(incident.summary or incident.rule_name), _MAX_SUMMARY),
            since=incident.started,
            fired=incident.fired,
            resolved=incident.resolved,
        )


def _troubles(incidents: Collection[Incident], alias: str) -> dict[int, Trouble]:
    """Read which errors are behind incidents, by the primary keys of the incidents."""
    known = {one.pk: one.evidence for one in incidents if isinstance(one.evidence, Mapping)}
    groups = {pk: group for pk, evidence in known.items() if isinstance(group := evidence.get("group_id"), int)}
    groups |= _of_events({pk: evidence for pk, evidence in known.items() if pk not in groups}, alias)
    if not groups:
        return {}
    found = totals.of(set(groups.values()), alias)
    families = {pk: [pk, *(member.pk for member in known.members)] for pk, known in found.items()}
    bugs = dict(KnownBug.objects.using(alias).filter(group__in=found).values_list("group_id", "bug_id"))
    behind = {incident: families[group] for incident, group in groups.items() if group in found}
    counted = own.counts(behind, incidents, alias)
    return {
        incident: Trouble(
            groups[incident],
            found[groups[incident]],
            bugs.get(groups[incident], ""),
            _newest(family, alias),
            counted.get(incident, 0),
        )
        for incident, family in behind.items()
    }


def _of_events(evidence: Mapping[int, Mapping[str, Any]], alias: str) -> dict[int, int]:
    """Read the groups of the errors that conditions in code said yes to, by the primary keys of the incidents."""
    ids = {pk: said for pk, one in evidence.items() if (said := _event_id(one)) is not None}
    if not ids:
        return {}
    rows = ErrorLog.objects.using(alias).filter(error_id__in=set(ids.values()), group__isnull=False)
    groups = dict(rows.values_list("error_id", Coalesce("group__merged_into", "group_id")))
    return {pk: groups[error] for pk, error in ids.items() if error in groups}


def _event_id(evidence: Mapping[str, Any]) -> UUID | None:
    said = evidence.get("error_event")
    try:
        return UUID(str(said["error_id"])) if isinstance(said, Mapping) else None
    except (KeyError, ValueError):
        return None


def view(incident: Incident, trouble: Trouble | None, label: str, desk: Desk) -> IncidentView:
    """Return an incident as a message tells it."""
    labels, evidence = _texts(incident.labels), incident.evidence
    error = trouble.error if trouble is not None else None
    users = trouble.totals.users if trouble is not None else 0
    about = "" if trouble is None or trouble.totals.exact else "about "
    rule = incident.rule
    lasts = "finding" in labels and not incident.event and incident.count <= 1
    return IncidentView(
        id=incident.pk,
        key=incident.key,
        rule=incident.rule_name,
        severity=incident.severity,
        state=incident.state,
        summary=scrub.text(incident.summary or incident.rule_name, _MAX_SUMMARY),
        since=incident.started,
        fired=incident.fired,
        resolved=incident.resolved,
        last_active=incident.last_active,
        acknowledged_by=incident.acknowledged_by,
        count=0 if lasts else incident.count,
        own=trouble.own if trouble is not None else 0,
        first_seen=trouble.totals.first_seen if trouble is not None and "group" in labels else None,
        value=None if lasts else incident.value,
        affected=f"{about}{users:,} user{'' if users == 1 else 's'}" if users else "",
        recovery=recovery(error.context if error is not None else None) if trouble is not None else "",
        advice=_advice(incident, labels, evidence, trouble),
        service=labels.get("service") or (error.service if error is not None else ""),
        environment=labels.get("environment") or (error.environment if error is not None else ""),
        release=_text(evidence.get("release")) or (error.release if error is not None else ""),
        labels=labels,
        facts=tuple(_facts(labels, evidence, trouble))[:_MAX_FACTS],
        error=_error(evidence, error),
        links=tuple(_links(incident, trouble, rule.runbook_url if rule is not None else "", label, desk)),
    )


def recovery(context: Any) -> str:
    """Say what was tried against an error, by what its context holds of that.

    Args:
        context: Of an error: `recovery_attempted`, `recovery_success` (None while that is open), `recovery_strategy`.
    """
    said = context if isinstance(context, Mapping) else {}
    if not said.get("recovery_attempted"):
        return NOT_TRIED
    strategy = _text(said.get("recovery_strategy")).replace("_", " ")
    tried = f"Recovery by {strategy}" if strategy else "Recovery"
    match said.get("recovery_success"):
        case None:
            return f"{tried} was begun, and is under way."
        case success if success:
            return f"{tried} took effect."
        case _:
            return f"{tried} was tried, and failed."


def _facts(
    labels: Mapping[str, str], evidence: Mapping[str, Any], trouble: Trouble | None
) -> Iterable[tuple[str, str]]:
    told = [
        ("Error", _text(evidence.get("title"))),
        ("Route", labels.get("route", "")),
        ("Raised in", _text(evidence.get("culprit"))),
        ("Error id", str(_event_id(evidence) or "")),
        ("Last error", str(trouble.error.error_id) if trouble is not None and trouble.error is not None else ""),
        ("Known bug", trouble.bug if trouble is not None else ""),
    ]
    told += [(scrub.clean(name, _MAX_NAME), _text(value)) for name, value in wording.facts(evidence)]
    return ((name, value) for name, value in told if value)


def _advice(incident: Incident, labels: Mapping[str, str], evidence: Mapping[str, Any], trouble: Trouble | None) -> str:
    """Say what to do next."""
    if incident.state == IncidentState.RESOLVED:
        return ""
    if incident.rule is not None and incident.rule.runbook_url:
        return f"Follow the runbook: {incident.rule.runbook_url}"
    if trouble is None and (said := phrases.advice(labels.get("finding", ""))):
        return f"{said} Acknowledge this while you are on it."
    if trouble is not None:
        first = f"Look at {trouble.bug} and its last error" if trouble.bug else "Look at its last error"
    else:
        error = _event_id(evidence)
        first = f"Look at the error {error}" if error is not None else "Find out why"
    return f"{first}; acknowledge this while you are on it."


def _links(incident: Incident, trouble: Trouble | None, runbook: str, label: str, desk: Desk) -> Iterable[Link]:
    if incident.state == IncidentState.FIRING:
        yield Link(LinkKind.ACKNOWLEDGE, "Acknowledge", links.act_url(incident.pk, "acknowledge", label))
    if incident.state in (IncidentState.FIRING, IncidentState.ACKNOWLEDGED):
        yield Link(LinkKind.SILENCE, "Silence", links.act_url(incident.pk, "silence", label))
    if runbook:
        yield Link(LinkKind.RUNBOOK, "Runbook", runbook)
    yield Link(LinkKind.VIEW, "Show the incident", _address(_PAGE, _API, incident.pk, desk))
    if trouble is not None:
        yield Link(LinkKind.DETAILS, "Show the errors", _address(_GROUP_PAGE, _GROUP_API, trouble.group, desk))


def _address(page: str, api: str, pk: int, desk: Desk) -> str:
    """Return the address of a page, or of the API where there is no such page; empty where none is reached."""
    if not desk.config.public_url:
        return ""
    try:
        path = reverse(page, args=[pk])
    except Exception:  # no admin, or a project whose URLs cannot be loaded in a worker
        path = api.format(pk)
    return f"{desk.config.public_url.rstrip('/')}{path}"


def _error(evidence: Mapping[str, Any], error: ErrorLog | None) -> Mapping[str, Any]:
    """Return the error as channels in code are told it."""
    said = evidence.get("error_event")
    if isinstance(said, Mapping):
        return scrub.mapping(dict(said))
    if error is None:
        return {}
    return {
        "error_id": str(error.error_id),
        "error_type": error.error_type,
        "severity": str(error.severity),
        "message": scrub.text(error.exception_message),
        "endpoint": error.url_pattern or error.name,
        "method": error.method,
        "user_id": error.user_key or None,
        "trace_id": error.trace_id,
        "service": error.service,
        "environment": error.environment,
        "release": error.release,
    }


def _newest(groups: Collection[int], alias: str) -> ErrorLog | None:
    errors = ErrorLog.objects.using(alias).filter(group__in=groups).exclude(kept="")
    return errors.order_by("-created", "-id").first()


def _texts(labels: Mapping[str, Any]) -> dict[str, str]:
    return {scrub.clean(str(name), _MAX_NAME): _text(value) for name, value in labels.items()}


def _text(value: Any) -> str:
    return "" if value is None else scrub.text(str(value), _MAX_FACT)
