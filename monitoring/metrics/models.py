"""Counters by minute, the latest gauges, and totals that never fall."""

from __future__ import annotations

from django.db import models

from monitoring.storage.partitions import PeriodModel


class CounterMinute(PeriodModel):
    """How much a counter grew in one minute, as one shard saw it."""

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("name_id", "start", "shard")
    name_id = models.BigIntegerField()
    shard = models.SmallIntegerField()
    value = models.FloatField()


class GaugeValue(models.Model):
    """The latest value of a gauge, as one shard saw it. `at` is in milliseconds since the epoch."""

    pk = models.CompositePrimaryKey("name_id", "shard")
    name_id = models.BigIntegerField()
    shard = models.SmallIntegerField()
    at = models.BigIntegerField()
    value = models.FloatField()


class Total(models.Model):
    """How much a counter grew since ever, as one stream saw it; never dropped, so that it never falls."""

    pk = models.CompositePrimaryKey("name_id", "source")
    name_id = models.BigIntegerField()
    source = models.CharField(max_length=20)
    value = models.FloatField()
