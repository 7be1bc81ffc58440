"""Totals of errors as rows."""

from __future__ import annotations

from django.db import models

from monitoring.storage.partitions import PeriodModel


class ErrorTotal(models.Model):
    """How often something happened since ever, as one shard saw it; never dropped, so that it never falls.

    Attributes:
        what: `error`, `group` for a new one, or `regression`.
        service: Whose errors; `<other>` for those beyond the limit.
    """

    pk = models.CompositePrimaryKey("what", "service", "severity", "shard")
    what = models.CharField(max_length=12)
    service = models.CharField(max_length=200)
    severity = models.CharField(max_length=10)
    shard = models.SmallIntegerField()
    count = models.BigIntegerField(default=0)


class ErrorMinute(PeriodModel):
    """How often errors of a group occurred in a minute, by what alert rules tell apart; shared by all shards.

    Attributes:
        group_id: The group that they were counted with, wherever that is merged into.
        severity: Of the errors; that of the group for those that travelled as keys.
        name: Method and route, task, or logger; `<other>` for those beyond the limit of a drain.
    """

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("start", "group_id", "severity", "name", "environment", "release")
    group_id = models.BigIntegerField()
    severity = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    environment = models.CharField(max_length=50)
    release = models.CharField(max_length=200)
    count = models.BigIntegerField(default=0)
