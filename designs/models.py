"""Users, series and designs, and every change of state a design can make.

A design's row says what it still needs: `status`, which of `geometry` and `bom` is missing, and `lease_until`, the time
up to which somebody has promised to deal with it. Each change is one conditional UPDATE whose row count is the verdict,
so a task that is delivered twice, or comes too late, changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

LEASE = timedelta(minutes=10)
"""Longer than a task's hard time limit, so that a lease runs out only when its holder is gone."""
LONGEST_WAIT = timedelta(hours=6)
MAX_ATTEMPTS = 3
MESSAGE_LENGTH = 500


class User(AbstractUser):
    """Who owns designs. Ours from the first migration on, because Django cannot swap the model later."""


class Series(models.Model):
    """A family of designs: successive revisions of one thing."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="series")
    name = models.CharField(max_length=200)
    part_number_prefix = models.CharField(max_length=50, blank=True, default="")
    last_revision = models.PositiveIntegerField(default=0, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "series"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="series_name_once_per_owner")]

    def __str__(self) -> str:
        return self.name

    def next_revision(self) -> int:
        """Take the next revision number. Call it in a transaction: the UPDATE makes others wait for our commit."""
        type(self).objects.filter(pk=self.pk).update(last_revision=F("last_revision") + 1)
        self.refresh_from_db(fields=["last_revision"])
        return self.last_revision


class Status(models.TextChoices):
    """How far a design has come."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Format(models.TextChoices):
    """The file formats that are read."""

    STEP = "step", "STEP"
    IGES = "iges", "IGES"


class DesignQuerySet(models.QuerySet["Design"]):
    """Which designs."""

    def visible_to(self, user: Any) -> DesignQuerySet:
        """Those a user may see: their own; the staff's are all."""
        return self if user.is_staff else self.filter(owner_id=user.pk)

    def unfinished(self) -> DesignQuerySet:
        """Those that still need work."""
        return self.filter(status__in=[Status.UPLOADED, Status.PROCESSING])

    def overdue(self) -> DesignQuerySet:
        """Unfinished ones whose lease ran out, the longest waiting first."""
        return self.unfinished().filter(lease_until__lt=timezone.now()).order_by("lease_until")


def _storage_path(design: Design, filename: str) -> str:
    """Name a stored file by its id alone: what users call their files never becomes a path."""
    del filename
    return f"designs/{design.pk.hex[:2]}/{design.pk}.{design.format}"


class Design(models.Model):
    """One uploaded CAD file and what was read from it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="designs")
    series = models.ForeignKey(Series, on_delete=models.SET_NULL, null=True, blank=True, related_name="designs")
    revision = models.PositiveIntegerField(null=True, blank=True)
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to=_storage_path, max_length=200)
    format = models.CharField(max_length=10, choices=Format.choices)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.UPLOADED)
    error_message = models.CharField(max_length=MESSAGE_LENGTH, blank=True, default="")
    geometry = models.JSONField(null=True, blank=True)
    bom = models.JSONField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    times_queued = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(default=timezone.now, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    updated = models.DateTimeField(auto_now=True)

    objects = DesignQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["series", "revision"], name="design_revision_once_per_series"),
        ]
        indexes = [
            models.Index(fields=["owner", "-created"], name="design_by_owner"),
            models.Index(
                fields=["lease_until"],
                name="design_unfinished",
                condition=Q(status__in=["uploaded", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def begin(self) -> bool:
        """Claim the design for one step; False when it needs no more work, or has taken enough workers down with it."""
        return self._change(
            Design.objects.unfinished().filter(attempts__lt=MAX_ATTEMPTS),
            status=Status.PROCESSING,
            attempts=F("attempts") + 1,
            lease_until=timezone.now() + LEASE,
        )

    def forget_attempt(self) -> bool:
        """Take an attempt back that failed for a reason outside the file."""
        return self._change(Design.objects.unfinished().filter(attempts__gt=0), attempts=F("attempts") - 1)

    def keep(self, field: str, value: dict[str, Any]) -> bool:
        """Store the result of a step, once; the design is ready when it has all of them."""
        with transaction.atomic():
            missing = Design.objects.filter(status=Status.PROCESSING, **{f"{field}__isnull": True})
            kept = self._change(missing, attempts=0, **{field: value})
            complete = Design.objects.filter(status=Status.PROCESSING, geometry__isnull=False, bom__isnull=False)
            self._change(complete, status=Status.READY)
        return kept

    def fail(self, message: str) -> bool:
        """End the design with a message for its owner, unless it has ended already."""
        return self._change(Design.objects.unfinished(), status=Status.FAILED, error_message=message[:MESSAGE_LENGTH])

    def expect_work(self) -> bool:
        """Renew an overdue lease before the work is queued again; False when somebody else was faster.

        Each time it waits twice as long, so that a long queue is not filled up with the same designs.
        """
        wait = min(LEASE * 2 ** min(self.times_queued, 10), LONGEST_WAIT)
        return self._change(
            Design.objects.unfinished().filter(lease_until=self.lease_until),
            lease_until=timezone.now() + wait,
            times_queued=F("times_queued") + 1,
        )

    def due_now(self) -> bool:
        """Give the lease back: nobody has been told about the work."""
        return self._change(Design.objects.unfinished(), lease_until=timezone.now())

    def missing_steps(self) -> Iterable[str]:
        """Say which results the design still lacks, in the order they are made."""
        return [field for field in ("geometry", "bom") if getattr(self, field) is None]

    def _change(self, where: models.QuerySet[Design], **values: Any) -> bool:
        return bool(where.filter(pk=self.pk).update(updated=timezone.now(), **values))
