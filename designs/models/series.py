"""Families of designs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from .controls import open_to


class SeriesQuerySet(models.QuerySet["Series"]):
    """Which series."""

    def visible_to(self, user: Any) -> SeriesQuerySet:
        """Those of the organizations a user belongs to and may look into; to staff, all."""
        if user.is_staff:
            return self
        return self.filter(open_to(user, "organization__"), organization__memberships__user_id=user.pk)


class Series(models.Model):
    """A family of designs: successive revisions of one thing."""

    organization = models.ForeignKey("designs.Organization", on_delete=models.CASCADE, related_name="series")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="series")
    name = models.CharField(max_length=200)
    part_number_prefix = models.CharField(max_length=50, blank=True, default="")
    last_revision = models.PositiveIntegerField(default=0, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = SeriesQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="series_name_once_per_organization")
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; what is said to belong to nobody else belongs to its owner's organization."""
        if self.organization_id is None and self.owner is not None:
            self.organization = self.owner.organization
        super().save(*args, **kwargs)

    def next_revision(self) -> int:
        """Take the next revision number. Call it in a transaction: the UPDATE makes others wait for our commit."""
        type(self).objects.filter(pk=self.pk).update(last_revision=F("last_revision") + 1)
        self.refresh_from_db(fields=["last_revision"])
        return self.last_revision
