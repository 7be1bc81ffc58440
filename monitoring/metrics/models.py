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


class LabelledTotal(models.Model):
    """One label set of a labelled metric since ever, as one stream saw it.

    Labels are numbers of names, or numbers themselves (a status); 0 is the empty label, -1 stands for all label sets
    beyond the limit. `buckets` are little-endian counts of 64 bits, one for each bucket of the family and one for what
    lies beyond; `total` is in nanoseconds, `seen` the epoch minute of the last change.
    """

    EMPTY, OTHER = 0, -1

    pk = models.CompositePrimaryKey("family", "source", "label_1", "label_2", "label_3", "label_4")
    family = models.CharField(max_length=20)
    source = models.CharField(max_length=20)
    label_1 = models.BigIntegerField()
    label_2 = models.BigIntegerField()
    label_3 = models.BigIntegerField()
    label_4 = models.BigIntegerField()
    count = models.BigIntegerField()
    total = models.BigIntegerField()
    buckets = models.BinaryField()
    seen = models.IntegerField()
