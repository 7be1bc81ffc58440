"""Drop what is old of groups: their counts by hour, and groups that nobody saw for very long and nobody cares about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import router, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from monitoring.conf import Config

from .models import EntryKind, ErrorGroup, GroupEntry, GroupHour

_HOURS, _GROUPS = 100, 100


def prune(config: Config, now: datetime | None = None) -> None:
    """Drop what is beyond its retention.

    Args:
        config: This installation's settings.
        now: The current time, for tests.
    """
    now = now or datetime.now(UTC)
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
    """Drop groups that were last seen before, but for those with a bug or a comment; members go with their root."""
    alias = router.db_for_write(ErrorGroup)
    while True:
        with transaction.atomic(using=alias):
            due = list(_forgotten(cutoff, alias).values_list("pk", flat=True)[:_GROUPS])
            rows = ErrorGroup.objects.using(alias).filter(Q(pk__in=due) | Q(merged_into__in=due))
            locked = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
            # Looked at once more under the lock: one may have occurred, or been merged, just now.
            still = set(_forgotten(cutoff, alias).filter(pk__in=due).values_list("pk", flat=True))
            rows.filter(Q(pk__in=still) | Q(merged_into__in=still), pk__in=locked).delete()
        if not still:
            return


def _forgotten(cutoff: datetime, alias: str) -> QuerySet[ErrorGroup]:
    """Return the roots of which neither they nor a member is to be kept, those that were seen longest ago first."""
    rows = ErrorGroup.objects.using(alias)
    comment = GroupEntry.objects.filter(group=OuterRef("pk"), kind=EntryKind.COMMENT)
    wanted = Q(last_seen__gte=cutoff) | Q(bug_state__in=("wanted", "filed")) | Q(bug__isnull=False) | Q(Exists(comment))
    member = rows.filter(wanted, merged_into=OuterRef("pk"))
    return rows.filter(~wanted, ~Exists(member), merged_into=None, last_seen__lt=cutoff).order_by("last_seen")
