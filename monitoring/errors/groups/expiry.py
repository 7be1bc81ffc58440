"""Ends of ignoring that come with time alone."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router, transaction

from .models import ErrorGroup, GroupStatus
from .transitions import end_ignoring

_AT_ONCE = 500


def end_expired(now: datetime | None = None) -> int:
    """Make groups unresolved that were to be ignored until a time that has come.

    Args:
        now: The current time, for tests.

    Returns:
        How many groups.
    """
    now, alias, ended = now or datetime.now(UTC), router.db_for_write(ErrorGroup), 0
    while True:
        with transaction.atomic(using=alias):
            groups = ErrorGroup.objects.using(alias).select_for_update()
            due = groups.filter(status=GroupStatus.IGNORED, ignored_until__lte=now, merged_into=None).order_by("pk")
            found = list(due.values_list("pk", flat=True)[:_AT_ONCE])
            end_ignoring(found, now, alias)
        ended += len(found)
        if len(found) < _AT_ONCE:
            return ended
