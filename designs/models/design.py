"""Designs, and every change of state one can make.

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
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from .controls import Controlled, open_to
from .members import Membership
from .series import Series

LEASE = timedelta(minutes=10)
"""Longer than a task's hard time limit, so that a lease runs out only when its holder is gone."""
LONGEST_WAIT = timedelta(hours=6)
MAX_ATTEMPTS = 3
MESSAGE_LENGTH = 500
PART_NUMBER_LENGTH = 100


class Status(models.TextChoices):
    """How far a design has come."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Failure(models.TextChoices):
    """Why a design failed."""

    GEOMETRY = "geometry"
    BOM = "bom", "BOM"
    TIMEOUT = "timeout"


class Format(models.TextChoices):
    """The file formats that are read."""

    STEP = "step", "STEP"
    IGES = "iges", "IGES"


class DesignQuerySet(models.QuerySet["Design"]):
    """Which designs."""

    def known_to(self, user: Any) -> DesignQuerySet:
        """Those of which a user may know that they exist: of the user's organizations; the staff's are all."""
        if user.is_staff:
            return self
        return self.filter(organization_id__in=Membership.objects.filter(user_id=user.pk).values("organization_id"))

    def visible_to(self, user: Any) -> DesignQuerySet:
        """Those a user may open: of those known, what export control and clearance allow; the staff's are all."""
        if user.is_staff:
            return self
        return self.known_to(user).filter(open_to(user, "", "organization__"))

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


class Design(Controlled):
    """One uploaded CAD file and what was read from it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("designs.Organization", on_delete=models.CASCADE, related_name="designs")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="designs")
    series = models.ForeignKey(Series, on_delete=models.SET_NULL, null=True, blank=True, related_name="designs")
    revision = models.PositiveIntegerField(null=True, blank=True)
    name = models.CharField(max_length=200)
    part_number = models.CharField(max_length=PART_NUMBER_LENGTH, null=True, blank=True)  # noqa: DJ001 -- unique
    file = models.FileField(upload_to=_storage_path, max_length=200)
    format = models.CharField(max_length=10, choices=Format.choices)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.UPLOADED)
    error_message = models.CharField(max_length=MESSAGE_LENGTH, blank=True, default="")
    failure = models.CharField(max_length=20, choices=Failure.choices, blank=True, default="")
    geometry = models.JSONField(null=True, blank=True)
    bom = models.JSONField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    times_queued = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(default=timezone.now, editable=False)
    finalized = models.DateTimeField(null=True, editable=False)
    finalized_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now, editable=False)
    updated = models.DateTimeField(auto_now=True)

    objects = DesignQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["series", "revision"], name="design_revision_once_per_series"),
            models.UniqueConstraint(
                fields=["organization", "part_number"], name="design_part_number_once_per_organization"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-created"], name="design_by_organization"),
            models.Index(
                fields=["lease_until"],
                name="design_unfinished",
                condition=Q(status__in=["uploaded", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; what is said to belong to nobody else belongs to its owner's organization."""
        if self.organization_id is None and self.owner is not None:
            self.organization = self.owner.organization
        super().save(*args, **kwargs)

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

    def fail(self, message: str, failure: Failure = Failure.GEOMETRY) -> bool:
        """End the design with a message for its owner, unless it has ended already."""
        return self._change(
            Design.objects.unfinished(), status=Status.FAILED, failure=failure, error_message=message[:MESSAGE_LENGTH]
        )

    def finalize(self, user_id: int) -> bool:
        """Release a design that is ready; False when it is not, or somebody else was faster."""
        ready = Design.objects.filter(status=Status.READY, finalized__isnull=True)
        return self._change(ready, finalized=timezone.now(), finalized_by_id=user_id)

    def describe(self, **values: Any) -> bool:
        """Change what people say about a design; False when it has been released."""
        return self._change(Design.objects.filter(finalized__isnull=True), **values)

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
