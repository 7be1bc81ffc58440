"""Which names anomalies and forecasts are about, beside queues."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from monitoring.conf import Config
from monitoring.storage.names import OTHER, Name

KINDS = ("request", "operation", "task")


def watched(config: Config) -> QuerySet[Name]:
    """Return the names of routes, operations and tasks, but for Enginel's own tasks."""
    names = Name.objects.filter(kind__in=KINDS).exclude(name=OTHER)
    own = Q(pk__in=())
    for beginning in config.internal_tasks:
        own |= Q(kind="task", name__startswith=beginning)
    return names.exclude(own)
