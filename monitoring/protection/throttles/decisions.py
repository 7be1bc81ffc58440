"""Throttles for every process to know."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router

from monitoring.stream.decisions import Entry

from .models import Throttle, ThrottleState

MOST = 100
"""Throttles that may stand at a time: every request is compared with each of them."""


def entries() -> dict[str, Entry]:
    """Return the throttles that are in force, by their id."""
    rows = Throttle.objects.using(router.db_for_write(Throttle)).in_state(ThrottleState.ACTIVE, datetime.now(UTC))
    return {
        str(row.pk): Entry(row.limit.value(), None if row.expires is None else int(row.expires.timestamp() * 1000))
        for row in rows
    }
