"""Deploy markers as rows."""

from __future__ import annotations

from django.db import models

MAX_WHO = 200


class ReleaseMark(models.Model):
    """A release of a service went to an environment.

    One that returns after another, as a roll-back does, is marked again: it is another deployment.

    Attributes:
        at: When it was deployed.
        url: Where more is said of it, such as a pipeline or a list of changes.
        number: Counts the marks of a service in an environment; of two that mark at once, one comes second.
        who: Who marked it.
    """

    service = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=50, blank=True, default="")
    release = models.CharField(max_length=200)
    at = models.DateTimeField()
    url = models.CharField(max_length=500, blank=True, default="")
    number = models.IntegerField()
    who = models.CharField(max_length=MAX_WHO, blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="monitoring_mark_at"),
            models.Index(fields=["service", "-at"], name="monitoring_mark_service"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["service", "environment", "number"], name="monitoring_mark_number")
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.release} in {self.environment}"
