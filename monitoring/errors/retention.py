"""Drop what is old of errors: rows of the log, counts by hour, and groups that were not seen for very long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .groups.models import ErrorGroup, GroupHour
from .log.models import ErrorLog

_HOURS, _GROUPS = 100, 200


def prune(config: Config) -> None:
    """Drop errors, counts and groups that are beyond their retention."""
    now = datetime.now(UTC)
    cutoff = now - timedelta(days=config.sample_retention_days)
    delete_older(connections[router.db_for_write(ErrorLog)], ErrorLog, "created", cutoff)
    _prune_hours(int(now.timestamp() // 3600) - config.hour_retention_days * 24)
    _prune_groups(now - timedelta(days=config.day_retention_days))


def _prune_hours(first: int) -> None:
    """Drop counts of the hours before `first`, hour by hour."""
    rows = GroupHour.objects.using(router.db_for_write(GroupHour))
    old = rows.filter(hour__lt=first).order_by("hour").values_list("hour", flat=True).distinct()
    while hours := list(old[:_HOURS]):
        for hour in hours:
            rows.filter(hour=hour).delete()


def _prune_groups(cutoff: datetime) -> None:
    """Drop groups that nobody saw since, that have no bug, and that no other group is merged with."""
    rows = ErrorGroup.objects.using(router.db_for_write(ErrorGroup))
    old = rows.filter(last_seen__lt=cutoff, bug_state="", bug=None, merged_into=None, members=None).order_by(
        "last_seen"
    )
    while pks := list(old.values_list("pk", flat=True)[:_GROUPS]):
        rows.filter(pk__in=pks).delete()
