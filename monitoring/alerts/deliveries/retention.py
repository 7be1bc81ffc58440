"""Drop what was told long ago, once it is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.alerts.incidents.models import IncidentState
from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from . import totals
from .models import AlertDigest, Delivery

_ROWS = 2_000


def prune(config: Config) -> None:
    """Drop deliveries and digests that are settled beyond their retention; totals stay.

    Those of incidents that are not over stay as well: they say where that is to be told.
    """
    alias = router.db_for_write(Delivery)
    while totals.count(alias):
        pass
    cutoff = datetime.now(UTC) - timedelta(days=config.delivery_retention_days)
    rows = Delivery.objects.using(alias)
    old = rows.filter(settled__lt=cutoff, incident__state=IncidentState.RESOLVED).order_by("settled")
    while oldest := list(old.values_list("pk", flat=True)[:_ROWS]):
        rows.filter(pk__in=oldest).delete()
    delete_older(connections[alias], AlertDigest, "settled", cutoff)
