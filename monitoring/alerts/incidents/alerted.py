"""What alerted lately, in the documented form: incidents that began to fire, and those that still do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from monitoring.classification import ErrorSeverity

from .models import Incident, IncidentState

LEVELS = {
    ErrorSeverity.CRITICAL: "critical",
    ErrorSeverity.HIGH: "error",
    ErrorSeverity.MEDIUM: "warning",
    ErrorSeverity.LOW: "info",
}
_MOST = 500


def alerted(hours: int, now: datetime | None = None) -> dict[str, Any]:
    """Return what has begun to fire within some hours, and what still does.

    Args:
        hours: How far back.
        now: The current time, for tests.

    Returns:
        `hours`; `total_alerts`; `alerts_by_level`, the loudest first; `alerts`, the latest first, 500 at most.
    """
    since = (now or datetime.now(UTC)) - timedelta(hours=hours)
    rows = Incident.objects.filter(fired__isnull=False)
    rows = rows.filter(Q(fired__gte=since) | ~Q(state=IncidentState.RESOLVED))
    counted = dict(rows.order_by().values_list("severity").annotate(number=Count("pk")))
    latest = rows.defer("evidence", "changes").order_by("-fired", "-pk")[:_MOST]
    return {
        "hours": hours,
        "total_alerts": sum(counted.values()),
        "alerts_by_level": {level: counted.get(severity.value, 0) for severity, level in LEVELS.items()},
        "alerts": [_alert(one) for one in latest],
    }


def _alert(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.pk,
        "name": incident.rule_name,
        "message": incident.summary,
        "alert_level": {str(severity): level for severity, level in LEVELS.items()}.get(incident.severity, "error"),
        "state": incident.state,
        "timestamp": incident.fired,
        "resolved": incident.resolved,
        "count": incident.count,
        "labels": incident.labels,
    }
