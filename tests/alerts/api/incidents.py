"""Incidents as rows, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.alerts.incidents.models import Incident

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def incident(number: int = 1, **values: Any) -> Incident:
    """Store an incident that fires."""
    began = NOW + timedelta(minutes=number)
    known = {
        "rule_name": "queue age",
        "key": f"{number:064x}",
        "labels": {"queue": f"q{number}"},
        "severity": "high",
        "state": "firing",
        "summary": f"Queue q{number} waits",
        "started": began,
        "fired": began,
        "last_active": began,
    }
    return Incident.objects.create(**{**known, **values})
