"""Notices, for how long a route is not told of again, and how many there were, as rows."""

from __future__ import annotations

from django.db import models

from monitoring.storage.outbox import Outgoing

SEVERAL = "several clients"
"""Subject of a notice that gathers blocks until it is sent first."""


class NoticeKind(models.TextChoices):
    """What is told, and so to whom."""

    BLOCK = "block", "Client blocked"
    PATCH = "patch", "Patch wanted"


class Notice(Outgoing):
    """Something that is told to one of the two documented addresses.

    Attributes:
        kind: What is told.
        subject: The client, `SEVERAL`, or the route.
        message: What is sent, as plain JSON; of a patch, before it is sent first, only what the decision knew.
        complete: Whether `message` is all that is sent.
    """

    kind = models.CharField(max_length=10, choices=NoticeKind.choices)
    subject = models.CharField(max_length=200)
    message = models.JSONField(default=dict)
    complete = models.BooleanField(default=False)

    class Meta(Outgoing.Meta):
        ordering = ["-created", "-id"]
        indexes = [
            *Outgoing.Meta.indexes,
            models.Index(fields=["-created", "-id"], name="monitoring_notice_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class PatchCooldown(models.Model):
    """Until when no patch of a route is asked for again: it is had by the one who moves `until`."""

    route = models.CharField(max_length=200, primary_key=True)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.route


class NoticeTotal(models.Model):
    """How many notices of a kind came to something, since ever; never dropped, so that counters never fall."""

    kind = models.CharField(max_length=10)
    outcome = models.CharField(max_length=10)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "outcome"], name="monitoring_notice_total")]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}: {self.count}"
