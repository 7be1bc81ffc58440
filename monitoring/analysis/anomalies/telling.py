"""Open anomalies as findings, of which alert rules tell; none in shadow mode."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, router, transaction

from monitoring.jobs.findings import Finding, store

from .kinds import Measure, State
from .models import Anomaly
from .words import subject

KINDS = tuple(f"anomaly_{measure.value}" for measure in Measure)
"""Kinds of findings that are made here."""
_MAX_SUBJECT = 300


def tell(wanted: bool, now: datetime) -> None:
    """Make the open findings about anomalies what the open anomalies are.

    Args:
        wanted: Whether there are to be any.
        now: When those end that are no more.
    """
    using = router.db_for_write(Finding)
    anomalies = Anomaly.objects.using(using).filter(state=State.OPEN) if wanted else ()
    due = {(f"anomaly_{row.measure}", subject(row.of, row.service, row.name)[:_MAX_SUBJECT]): row for row in anomalies}
    open_rows = Finding.objects.using(using).filter(kind__in=KINDS, closed=None)
    known = {(row.kind, row.subject): row for row in open_rows}
    over = [row.pk for key, row in known.items() if key not in due]
    fresh = [
        Finding(kind=kind, subject=about, detail=_detail(row), opened=row.started)
        for (kind, about), row in due.items()
        if (kind, about) not in known
    ]
    if over:
        open_rows.filter(pk__in=over).update(closed=now)
    if fresh:
        _store(fresh, using)


def _store(fresh: list[Finding], using: str) -> None:
    """Store findings; when somebody else was faster, the next look sees what is left."""
    try:
        with transaction.atomic(using=using):
            store(fresh, using)
    except IntegrityError:
        return


def _detail(row: Anomaly) -> dict[str, Any]:
    """Return the evidence, under the names that findings have for what they are about."""
    about = {"task": "task", "queue": "queue"}.get(row.of, "name")
    return {
        about: row.name,
        **({"service": row.service} if row.service else {}),
        "of": row.of,
        "value": row.value,
        "expected": row.expected,
        "chance": row.chance,
        "says": row.says,
        **row.evidence,
    }
