"""Drop incidents that were over long ago, with their histories, and silences that ended then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.alerts.rules.models import AlertRule
from monitoring.alerts.silences.models import Silence
from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .models import Incident, RuleTrouble
from .states import IncidentState

_ROWS = 500


def prune(config: Config) -> None:
    """Drop what is beyond its retention; totals stay for ever, since counters are made of them.

    What an incident followed from, or was silenced by, is no longer known of it once that is dropped.
    """
    cutoff = datetime.now(UTC) - timedelta(days=config.incident_retention_days)
    rows = Incident.objects.using(router.db_for_write(Incident))
    old = rows.filter(state=IncidentState.RESOLVED.value, spent=False, resolved__lt=cutoff).order_by("resolved")
    while oldest := list(old.values_list("pk", flat=True)[:_ROWS]):
        rows.filter(pk__in=oldest).delete()
    delete_older(connections[router.db_for_write(Silence)], Silence, "ends", cutoff)
    known = list(AlertRule.objects.using(router.db_for_write(AlertRule)).values_list("name", flat=True))
    troubles = RuleTrouble.objects.using(router.db_for_write(RuleTrouble))
    # A counter that begins anew has gone with its rule.
    troubles.filter(since=None).exclude(rule_name__in=known).delete()
