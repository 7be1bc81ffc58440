"""Making silences, and ending them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import router, transaction

from monitoring.alerts.incidents.actions import UnknownIncidentError
from monitoring.alerts.incidents.history import name
from monitoring.alerts.incidents.models import Incident
from monitoring.alerts.rules.rule import OWN_LABELS
from monitoring.storage import trail

from .matchers import MatcherError, parse
from .models import Silence

MAX_SECONDS = 366 * 86_400
_MAX_COMMENT = 10_000


def create(matchers: Sequence[Mapping[str, str]], starts: datetime, ends: datetime, comment: str, who: str) -> Silence:
    """Silence the incidents that meet some matchers, from the next evaluation on.

    Args:
        matchers: As `{"name": …, "op": …, "value": …}`; all of them have to be met.
        starts: From when on.
        ends: Until when; a year after it starts at most.
        comment: Why.
        who: Name of whoever wants it.

    Raises:
        MatcherError: The matchers mean nothing, or the times do not fit; the message says why, to a person.
    """
    parse(matchers)
    check_times(starts, ends)
    alias = router.db_for_write(Silence)
    said: dict[str, Any] = {
        "matchers": [dict(one) for one in matchers],
        "starts": starts,
        "ends": ends,
        "comment": comment[:_MAX_COMMENT],
    }
    with transaction.atomic(using=alias):
        row = Silence.objects.using(alias).create(**said, who=name(who), created=datetime.now(UTC))
        trail.tell(trail.Deed("silence.create", "silence", str(row.pk), actor=who, details=said), alias)
    return row


def check_times(starts: datetime, ends: datetime) -> None:
    """Make sure that a silence could last from one time to the other.

    Raises:
        MatcherError: It could not.
    """
    if not timedelta(0) < ends - starts <= timedelta(seconds=MAX_SECONDS):
        raise MatcherError("A silence ends after it starts, within a year.")
    if ends <= datetime.now(UTC):
        raise MatcherError("A silence ends in the future.")


def silence_incident(incident_id: int, seconds: float, who: str, comment: str = "") -> Silence:
    """Silence one incident, and whatever its rule finds under the same labels, for some time from now on.

    Args:
        incident_id: Primary key of the incident.
        seconds: For how long; a year at most.
        who: Name of whoever wants it.
        comment: Why.

    Raises:
        UnknownIncidentError: There is no such incident.
        MatcherError: The time does not fit.
    """
    if not 0 < seconds <= MAX_SECONDS:
        raise MatcherError("A silence lasts for more than a moment, and for a year at most.")
    incident = Incident.objects.using(router.db_for_write(Incident)).filter(pk=incident_id).first()
    if incident is None:
        raise UnknownIncidentError(f"There is no incident {incident_id}.")
    now = datetime.now(UTC)
    return create(matchers_of(incident), now, now + timedelta(seconds=seconds), comment or str(incident), who)


def matchers_of(incident: Incident) -> list[dict[str, str]]:
    """Return what an incident meets, and whatever its rule finds under the same labels, however severe that is."""
    labels = {name: value for name, value in incident.labels.items() if name not in OWN_LABELS}
    meant = {**labels, "rule": incident.rule_name}
    return [{"name": label, "op": "=", "value": value} for label, value in sorted(meant.items())]


def end(silence_id: int, who: str) -> bool:
    """End a silence before its time.

    Args:
        silence_id: Primary key of the silence.
        who: Name of whoever ends it.

    Returns:
        Whether this ended it; False where there is no such silence, or none that lasts.
    """
    now = datetime.now(UTC)
    alias = router.db_for_write(Silence)
    rows = Silence.objects.using(alias).filter(pk=silence_id, ends__gt=now)
    with transaction.atomic(using=alias):
        ended = rows.filter(starts__lte=now).update(ends=now, ended_by=name(who))
        ended = ended or rows.filter(starts__gt=now).update(starts=now, ends=now, ended_by=name(who))
        if ended:
            trail.tell(trail.Deed("silence.end", "silence", str(silence_id), actor=who), alias)
    return bool(ended)
