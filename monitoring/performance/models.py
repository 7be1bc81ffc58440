"""Durations as rows: rollups by minute, hour and day, totals since ever, and slow samples."""

from __future__ import annotations

import uuid

from django.db import models

from monitoring.storage.partitions import PeriodModel


class Durations(models.Model):
    """What is known of a set of durations; merging two sets is adding these up. Times are in nanoseconds."""

    count = models.BigIntegerField()
    errors = models.BigIntegerField()
    total = models.BigIntegerField()
    minimum = models.BigIntegerField()
    maximum = models.BigIntegerField()
    buckets = models.BinaryField()

    class Meta:
        abstract = True


class MinuteRollup(PeriodModel, Durations):
    """One name in one minute, as one shard saw it."""

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("name_id", "start", "shard")
    name_id = models.BigIntegerField()
    shard = models.SmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["shard", "start"], name="monitoring_minute_shard")]


class HourRollup(PeriodModel, Durations):
    """One name in one hour, over all shards."""

    partition_minutes = 30 * 24 * 60

    pk = models.CompositePrimaryKey("name_id", "start")
    name_id = models.BigIntegerField()


class DayRollup(PeriodModel, Durations):
    """One name in one day, over all shards."""

    partition_minutes = 366 * 24 * 60

    pk = models.CompositePrimaryKey("name_id", "start")
    name_id = models.BigIntegerField()


class DurationTotal(Durations):
    """One name since ever, as one shard saw it; never dropped, so that Prometheus counters never fall."""

    pk = models.CompositePrimaryKey("name_id", "shard")
    name_id = models.BigIntegerField()
    shard = models.SmallIntegerField()


class DirtyPeriod(models.Model):
    """An hour or day whose rows must be summed up again.

    Every change adds one to `version`. A roll-up takes the period by adding one to `run` and copying the version to
    `taken`; it may finish only while `run` is still its own.
    """

    HOUR, DAY = "hour", "day"

    level = models.CharField(max_length=4, choices=[(HOUR, "hour"), (DAY, "day")])
    start = models.IntegerField()
    version = models.BigIntegerField(default=1)
    taken = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    run = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "start"], name="monitoring_dirty_unique")]

    def __str__(self) -> str:
        return f"{self.level} {self.start}"


class SlowSample(models.Model):
    """A request, task or operation over its threshold, with what it was about. `duration` is in seconds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=20)
    service = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    duration = models.FloatField()
    trace_id = models.CharField(max_length=32, blank=True, db_index=True)
    context = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["kind", "name", "at"], name="monitoring_slow_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.duration:.3f} s"
