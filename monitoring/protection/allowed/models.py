"""The allow-list as rows. An entry that is ended stays for some time, so that it is known who made and who ended it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet

MAX_NETWORK = 43
MAX_COMMENT = 500


class AllowedQuerySet(QuerySet["AllowedNetwork"]):
    """Networks by what is true of them now."""

    def in_force(self, now: datetime) -> AllowedQuerySet:
        """Return those whose requests are never refused."""
        return self.filter(Q(expires=None) | Q(expires__gt=now), ended=None)


class AllowedNetwork(models.Model):
    """A network whose requests are never refused.

    Attributes:
        network: In its canonical spelling.
        expires: From then on it is void; null for never.
        created_by: Name of who made it.
        ended: When it was taken back, or a new one took its place; null while it stands.
    """

    network = models.CharField(max_length=MAX_NETWORK)
    comment = models.CharField(max_length=MAX_COMMENT, blank=True)
    expires = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    objects = AllowedQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["network"], condition=Q(ended=None), name="monitoring_allowed_once"),
        ]

    def __str__(self) -> str:
        return self.network

    def is_in_force(self, now: datetime) -> bool:
        """Whether requests from it are never refused now."""
        return self.ended is None and (self.expires is None or self.expires > now)
