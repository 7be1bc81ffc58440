"""Planning who is told of transitions: rows, written in the very transaction that writes the transitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Coalesce

from monitoring.alerts.channels import routing
from monitoring.alerts.channels.base import Destination
from monitoring.alerts.incidents.models import Incident, IncidentEntry, IncidentState, TransitionKind
from monitoring.alerts.rules.models import AlertRule
from monitoring.classification import ErrorSeverity
from monitoring.conf import get_config
from monitoring.storage.outbox import OutgoingState

from . import gates
from .models import Delivery
from .tellings import QUIETING, Step, Told, Transition, decide

_RANKS = {severity.value: rank for rank, severity in enumerate(ErrorSeverity)}
_TELLING = (
    TransitionKind.FIRING,
    TransitionKind.UNSILENCED,
    TransitionKind.UNINHIBITED,
    TransitionKind.UNACKNOWLEDGED,
    TransitionKind.MILESTONE,
    TransitionKind.ESCALATED,
    TransitionKind.ACKNOWLEDGED,
    TransitionKind.SILENCED,
    TransitionKind.INHIBITED,
    TransitionKind.RESOLVED,
)
_CHUNK = 500


def plan(entries: Sequence[IncidentEntry], now: datetime, alias: str) -> int:
    """Write down who is to be told of transitions, and what need not be told any more.

    Args:
        entries: What was just written into the history of incidents, in its order; the incidents as they are now.
        now: The current time.
        alias: The database, inside of the transaction that wrote the entries.

    Returns:
        How many deliveries there are to be made; then it is worth to have them made at once.
    """
    if not get_config().alerts_sent:
        return 0
    telling = [entry for entry in entries if entry.kind in _TELLING]
    router = _Router(telling, alias)
    planned = 0
    for batch in _rounds(telling):
        planned += _plan(batch, router, now, alias)
    return planned


class _Router:
    """Knows where incidents go, and asks once for those of one rule and severity."""

    def __init__(self, entries: Iterable[IncidentEntry], alias: str) -> None:
        wanted = {entry.incident.rule_id for entry in entries} - {None}
        self.rules = AlertRule.objects.using(alias).in_bulk(wanted) if wanted else {}
        self._found: dict[tuple[str, ...], list[Destination]] = {}

    def rule(self, incident: Incident) -> AlertRule | None:
        """Return an incident's rule, while it exists."""
        return self.rules.get(incident.rule_id)

    def destinations(self, entry: IncidentEntry) -> list[Destination]:
        """Return who is told of a transition like this one."""
        if entry.kind == TransitionKind.ESCALATED:
            return self._once(("escalation",))
        rule = self.rule(entry.incident)
        own = self._once(("names", *rule.channels)) if rule is not None and rule.channels else []
        # Channels that are gone or switched off must not make an alert be told to nobody.
        return own or self._once(("severity", entry.incident.severity))

    def _once(self, way: tuple[str, ...]) -> list[Destination]:
        if way not in self._found:
            self._found[way] = _route(*way)
        return self._found[way]


def _route(by: str, *names: str) -> list[Destination]:
    if by == "escalation":
        return routing.escalation()
    return routing.for_names(names) if by == "names" else routing.for_severity(names[0])


def _rounds(entries: Sequence[IncidentEntry]) -> Iterable[list[IncidentEntry]]:
    """Split entries so that each round has one of a key at most: what is decided depends on what was before."""
    left = list(entries)
    while left:
        first: dict[str, IncidentEntry] = {}
        later = []
        for entry in left:
            if entry.incident.key in first or len(first) == _CHUNK:
                later.append(entry)
            else:
                first[entry.incident.key] = entry
        yield list(first.values())
        left = later


def _plan(entries: Sequence[IncidentEntry], router: _Router, now: datetime, alias: str) -> int:
    transitions = [_transition(entry, router) for entry in entries]
    _hold([one.incident for one in transitions if one.kind in QUIETING], alias)
    told = _told(transitions, now, alias)
    rows, known, needless = [], dict[str, Destination](), defaultdict[str, list[int]](list)
    for entry, transition in zip(entries, transitions, strict=True):
        destinations = router.destinations(entry)
        known |= {one.key: one for one in destinations}
        history = told.get(transition.key, [])
        decision = decide(transition, destinations, history, now)
        needless[decision.reason] += decision.needless
        rows += [_row(step, entry, known, now) for step in decision.steps]
    for reason, pks in needless.items():
        dropped = Delivery.objects.using(alias).filter(pk__in=pks)
        dropped.update(state=OutgoingState.DROPPED, settled=now, last_error=reason)
    _fill_in(rows, alias)
    gates.provide([known[key] for key in sorted({row.destination for row in rows} & known.keys())], alias)
    Delivery.objects.using(alias).bulk_create(rows, ignore_conflicts=True)
    return sum(row.state == OutgoingState.PENDING for row in rows)


def _transition(entry: IncidentEntry, router: _Router) -> Transition:
    incident = entry.incident
    rule = router.rule(incident)
    return Transition(
        kind=entry.kind,
        incident=incident.pk,
        key=incident.key,
        firing=incident.state == IncidentState.FIRING,
        muted=incident.silenced or incident.inhibited,
        cooldown=timedelta(seconds=rule.cooldown_seconds if rule is not None else 0),
        event=incident.event,
    )


def _told(transitions: Sequence[Transition], now: datetime, alias: str) -> dict[str, list[Told]]:
    """Return what was told before, by the incidents' keys."""
    since = now - max(one.cooldown for one in transitions)
    of_incident = Q(incident__in=[one.incident for one in transitions])
    recent = Q(settled__gt=since, incident_key__in=[one.key for one in transitions])
    rows = Delivery.objects.using(alias).filter(of_incident | recent).exclude(state=OutgoingState.DROPPED)
    rows = rows.annotate(at=Coalesce("settled", "next_at")).order_by()
    found: dict[str, list[Told]] = {}
    columns = ("incident_key", "pk", "incident_id", "destination", "kind", "state", "attempts", "at")
    for key, *values in rows.values_list(*columns):
        found.setdefault(key, []).append(Told(*values))
    return found


def _hold(incidents: Sequence[int], alias: str) -> None:
    """Keep others from beginning to send what may be needless now, until the transaction ends."""
    rows = Delivery.objects.using(alias).filter(incident__in=incidents, state=OutgoingState.PENDING, attempts=0)
    if incidents:
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def _row(step: Step, entry: IncidentEntry, known: dict[str, Destination], now: datetime) -> Delivery:
    incident, destination = entry.incident, known.get(step.destination)
    return Delivery(
        entry=entry,
        incident=incident,
        incident_key=incident.key,
        destination=step.destination,
        label=destination.label if destination is not None else "",
        channel=destination.kind if destination is not None else "",
        kind=step.kind,
        rank=_RANKS.get(incident.severity, len(_RANKS)),
        follows_id=step.follows,
        created=now,
        next_at=step.due,
        state=OutgoingState.DROPPED if step.held else OutgoingState.PENDING,
        settled=now if step.held else None,
        last_error=step.held,
    )


def _fill_in(rows: Iterable[Delivery], alias: str) -> None:
    """Tell what is resolved where it was told that it fired, though nothing is routed there any more."""
    missing = [row for row in rows if not row.channel]
    known = gates.labels({row.destination for row in missing}, alias)
    for row in missing:
        row.label, row.channel = known.get(row.destination, (row.destination, ""))
