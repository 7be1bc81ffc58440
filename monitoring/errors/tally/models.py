"""Totals of errors as rows."""

from __future__ import annotations

from django.db import models


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
