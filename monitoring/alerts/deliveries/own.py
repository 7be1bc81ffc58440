"""How many errors belong to an incident itself, where it counts those of its group since ever."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Q, Sum

from monitoring.alerts.incidents.models import Incident
from monitoring.errors.tally.minutes import minute_of
from monitoring.errors.tally.models import ErrorMinute

_WINDOW_SECONDS = 600
_COUNTING = "error_count"
_FOREVER = 2**31 - 1


def counts(families: Mapping[int, Collection[int]], incidents: Collection[Incident], alias: str) -> dict[int, int]:
    """Return the errors of each incident by its primary key, in one query.

    They are those since the window began in which they were too many, up to the end of the incident. Incidents that
    are not about the number of a group's errors are left out, and those whose minutes are not kept any more.

    Args:
        families: Groups behind incidents, with what is merged into them, by primary keys of incidents.
        incidents: With their rules.
        alias: The database.
    """
    asked = {}
    for one in incidents:
        if one.pk in families and one.rule is not None and one.rule.kind == _COUNTING and "group" in one.labels:
            asked[one.pk] = (_minute(one.started) - _window(one) // 60, _last(one))
    if not asked:
        return {}
    sums = {
        f"of_{pk}": Sum("count", filter=Q(group_id__in=families[pk], start__gte=first, start__lte=last))
        for pk, (first, last) in asked.items()
    }
    rows = ErrorMinute.objects.using(alias).filter(
        group_id__in={group for pk in asked for group in families[pk]},
        start__gte=min(first for first, _ in asked.values()),
    )
    found = rows.aggregate(**sums)
    return {pk: found[f"of_{pk}"] for pk in asked if found[f"of_{pk}"]}


def _window(incident: Incident) -> int:
    params = incident.rule.params if incident.rule is not None else {}
    said = params.get("window_seconds", _WINDOW_SECONDS) if isinstance(params, dict) else _WINDOW_SECONDS
    return said if isinstance(said, int) else _WINDOW_SECONDS


def _last(incident: Incident) -> int:
    return _minute(incident.resolved) if incident.resolved is not None else _FOREVER


def _minute(when: datetime) -> int:
    return minute_of(int(when.timestamp() * 1000))
