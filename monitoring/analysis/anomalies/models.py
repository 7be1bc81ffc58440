"""Anomalies as rows, and what they are compared with."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitoring.storage.partitions import PeriodModel

from .kinds import Ending, Measure, State

__all__ = ["Anomaly", "Baseline", "QueueHour"]


class Anomaly(models.Model):
    """One measure of one series, from the first unusual look to when it was as usual again.

    Attributes:
        of: `request`, `operation`, `task` or `queue`.
        started: When it was first seen.
        opened: When it had been seen often enough.
        seen: When it was last seen to be unusual.
        unusual: Looks in a row that found it unusual.
        calm: Looks in a row that found it as usual.
        unknown: Looks in a row that could not say.
        value: The measured value when it was last unusual: a part for rates, seconds, or a number.
        expected: The usual value.
        chance: How probable that is or something rarer, were all as usual.
        says: All this in words.
    """

    measure = models.CharField(max_length=20, choices=Measure.choices)
    of = models.CharField(max_length=20)
    service = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUSPECTED)
    ending = models.CharField(max_length=10, choices=Ending.choices, blank=True, default="")
    started = models.DateTimeField()
    opened = models.DateTimeField(null=True, blank=True)
    closed = models.DateTimeField(null=True, blank=True)
    seen = models.DateTimeField()
    unusual = models.IntegerField(default=1)
    calm = models.IntegerField(default=0)
    unknown = models.IntegerField(default=0)
    value = models.FloatField()
    expected = models.FloatField()
    chance = models.FloatField()
    says = models.TextField()
    evidence = models.JSONField(default=dict)

    class Meta:
        ordering = ["-started", "-id"]
        verbose_name_plural = "anomalies"
        indexes = [
            models.Index(fields=["-started", "-id"], name="monitoring_anomaly_started"),
            models.Index(fields=["closed"], name="monitoring_anomaly_closed"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "of", "service", "name"],
                condition=~Q(state="closed"),
                name="monitoring_anomaly_once",
            ),
        ]

    def __str__(self) -> str:
        return self.says


class Baseline(models.Model):
    """What is usual of a series in one hour; written anew each hour.

    Attributes:
        of: `request`, `operation`, `task` or `queue`.
        hour: For which hour, by the epoch minute when it begins.
        usual: The values, as `usual.Usual` or `usual.UsualQueue` has them.
    """

    name_id = models.BigIntegerField(primary_key=True)
    of = models.CharField(max_length=20)
    service = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    hour = models.IntegerField()
    usual = models.JSONField()

    def __str__(self) -> str:
        return f"{self.of} {self.name}"


class QueueHour(PeriodModel):
    """The longest that a queue was in an hour, and its oldest message; kept for longer than its minutes are."""

    partition_minutes = 30 * 24 * 60

    pk = models.CompositePrimaryKey("start", "name_id")
    name_id = models.BigIntegerField()
    depth = models.BigIntegerField()
    age = models.FloatField(null=True)
