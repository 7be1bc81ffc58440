"""When the journal is sealed: soon after something was written, and again and again by beat."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from . import nudging

_LEASE = 10.0


@shared_task(
    name="tasks.journal.seal", ignore_result=True, acks_late=False, expires=60, soft_time_limit=50, time_limit=60
)
def seal() -> None:
    """Make entries that wait part of their chains."""
    from django.db import router

    from monitoring.journal.audit import sealing
    from monitoring.journal.audit.models import JournalEntry

    with nudging.alone(seal, _LEASE) as mine:
        if mine:
            sealing.seal(router.db_for_write(JournalEntry), datetime.now(UTC))
