"""What keeps incidents from being told, as rows.

Matchers are lists of `{"name": …, "op": …, "value": …}`; all of them have to meet an incident's labels, to which belong
`rule`, `severity` and `service` (`monitoring.alerts.silences.matchers`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Silence(models.Model):
    """Incidents that are not told of between two points in time.

    Attributes:
        ends: When it ends; one that is ended before its time has that time here.
        who: Who made it.
        ended_by: Who ended it before its time.
    """

    matchers = models.JSONField(default=list)
    starts = models.DateTimeField()
    ends = models.DateTimeField(db_index=True)
    comment = models.TextField(blank=True, default="")
    who = models.CharField(max_length=150)
    created = models.DateTimeField()
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["-ends", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gte=F("starts")), name="monitoring_silence_in_order"),
        ]

    def __str__(self) -> str:
        return self.comment or f"silence {self.pk}"


class MaintenanceWindow(models.Model):
    """Times of planned work during which incidents are not told of.

    Attributes:
        starts: With `cron`: before when it never opens. Without: when it opens.
        minutes: For how long it is open each time.
        cron: When it opens again and again, in five fields as crontabs have them; empty for a window that opens once.
        time_zone: IANA name of the zone whose clock `cron` follows, summer time included.
        ends: With `cron`: after when it opens no more; None for never.
    """

    name = models.CharField(max_length=200, unique=True)
    matchers = models.JSONField(default=list, blank=True)
    starts = models.DateTimeField()
    minutes = models.PositiveIntegerField()
    cron = models.CharField(max_length=100, blank=True, default="")
    time_zone = models.CharField(max_length=60, default="UTC")
    ends = models.DateTimeField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    comment = models.TextField(blank=True, default="")
    who = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Inhibition(models.Model):
    """Incidents that are not told of while another one, from which they follow, is firing.

    Attributes:
        source_matchers: Which incidents are the cause.
        target_matchers: Which incidents follow from it.
        equal: Labels that must have the same value on both; those that neither has are the same.
    """

    name = models.CharField(max_length=200, unique=True)
    source_matchers = models.JSONField(default=list)
    target_matchers = models.JSONField(default=list)
    equal = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    comment = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
