"""What was found to be wrong with jobs: states that open and close, and events that happened once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, models, router, transaction
from django.db.models import F, Q

KINDS = (
    "worker_down",
    "worker_wedged",
    "worker_crashed",
    "task_lost",
    "task_held",
    "task_stuck",
    "task_killed",
    "queue_stalled",
    "queue_unconsumed",
    "schedule_late",
    "schedule_missed",
    "schedule_failed",
    "schedule_overlap",
    "schedule_doubled",
    "beat_dead",
    "beat_doubled",
    "anomaly_error_rate",
    "anomaly_error_count",
    "anomaly_latency",
    "anomaly_throughput_drop",
    "anomaly_throughput_rise",
    "anomaly_queue_length",
    "anomaly_queue_age",
    "recovery_recurring",
    "recovery_not_taken_back",
    "security_rate",
    "security_scan",
    "security_injection",
    "security_traversal",
    "security_credentials",
    "security_tokens",
    "audit_tampered",
)
"""Every kind of finding there is."""
_MAX_SUBJECT = 300


class Finding(models.Model):
    """Something that is or was wrong. One that is open has no `closed`; an event is closed when it is noted.

    Attributes:
        opened: Since when it was wrong, or when it happened.
        noted: When it was written down, which may be long after.
    """

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=_MAX_SUBJECT)
    detail = models.JSONField(default=dict)
    opened = models.DateTimeField()
    closed = models.DateTimeField(null=True, blank=True, db_index=True)
    noted = models.DateTimeField(null=True, editable=False)
    event = models.BooleanField(default=False)

    class Meta:
        ordering = ["-opened"]
        indexes = [
            models.Index(fields=["kind", "-opened"], name="monitoring_finding_kind"),
            models.Index(fields=["-opened", "-id"], name="monitoring_finding_opened"),
            models.Index(fields=["noted"], name="monitoring_finding_noted", condition=Q(event=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed=None), name="monitoring_finding_open"
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(event=True), name="monitoring_finding_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class FindingTotal(models.Model):
    """How many findings of a kind there ever were; never dropped, so that a counter made of it never falls."""

    kind = models.CharField(primary_key=True, max_length=40)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"


def raise_finding(kind: str, subject: str, detail: dict[str, Any], at: datetime | None = None) -> bool:
    """Open a finding, unless it is open already.

    Args:
        kind: One of `KINDS`.
        subject: What it is about, such as the name of a worker.
        detail: Evidence, as plain JSON.
        at: Since when; now unless given.

    Returns:
        Whether it is new.
    """
    subject = subject[:_MAX_SUBJECT]
    using = router.db_for_write(Finding)
    if Finding.objects.using(using).filter(kind=kind, subject=subject, closed=None).exists():
        return False
    return _create(Finding(kind=kind, subject=subject, detail=detail, opened=at or datetime.now(UTC)), using)


def resolve(kind: str, subject: str, at: datetime | None = None) -> bool:
    """Close a finding; return whether it was open."""
    rows = Finding.objects.using(router.db_for_write(Finding))
    open_rows = rows.filter(kind=kind, subject=subject[:_MAX_SUBJECT], closed=None)
    return open_rows.update(closed=at or datetime.now(UTC)) > 0


def note(kind: str, subject: str, detail: dict[str, Any], at: datetime | None = None) -> bool:
    """Note an event, once however often it is found: `subject` is unique within its kind.

    Returns:
        Whether it is new.
    """
    when = at or datetime.now(UTC)
    finding = Finding(kind=kind, subject=subject[:_MAX_SUBJECT], detail=detail, opened=when, closed=when, event=True)
    return _create(finding, router.db_for_write(Finding))


def amend(kind: str, subject: str, detail: dict[str, Any]) -> None:
    """Add to the evidence of an event that was noted."""
    rows = Finding.objects.using(router.db_for_write(Finding))
    for finding in rows.filter(kind=kind, subject=subject[:_MAX_SUBJECT], event=True):
        rows.filter(pk=finding.pk).update(detail=finding.detail | detail)


def _create(finding: Finding, using: str) -> bool:
    """Store a finding and count it, both or neither; False when somebody else has found the same."""
    try:
        with transaction.atomic(using=using):
            store([finding], using)
    except IntegrityError:
        return False
    return True


def store(rows: Sequence[Finding], using: str) -> None:
    """Store new findings and count them, inside of the caller's transaction.

    Args:
        rows: Findings of which the caller knows that nobody else stores them, or takes the `IntegrityError`.
        using: Alias of the database.
    """
    now = datetime.now(UTC)
    for row in rows:
        row.noted = row.noted or now
    Finding.objects.using(using).bulk_create(rows, batch_size=500)
    for kind, number in sorted(Counter(row.kind for row in rows).items()):
        _count(kind, number, using)


def _count(kind: str, number: int, using: str) -> None:
    totals = FindingTotal.objects.using(using)
    if not totals.filter(kind=kind).update(count=F("count") + number):
        totals.bulk_create([FindingTotal(kind=kind)], ignore_conflicts=True)
        totals.filter(kind=kind).update(count=F("count") + number)


def open_findings(*kinds: str) -> models.QuerySet[Finding]:
    """Return the findings that are open, of some kinds or of all."""
    rows = Finding.objects.filter(closed=None)
    return rows.filter(kind__in=kinds) if kinds else rows


def totals() -> dict[str, int]:
    """Return how many findings of each kind there ever were, zero for those that never were."""
    counted = dict(FindingTotal.objects.values_list("kind", "count"))
    return {kind: counted.get(kind, 0) for kind in KINDS}
