"""Queues as rows: what each was like last, and what it was like minute by minute."""

from __future__ import annotations

from django.db import models

from monitoring.storage.partitions import PeriodModel

NAME_KIND = "queue"
"""Kind under which the names of queues are stored."""
MAX_NAMES = 1_000
"""Names of queues that are ever stored; later ones fold into `<other>`."""


class QueueState(models.Model):
    """A queue at its last sample. Ages are in seconds, rates in messages a second; null means that nobody knows.

    Attributes:
        seen: When there was last any sign of the queue: a message, a worker, a recorded task.
        mark: Changes whenever something was recorded to be taken.
        heads: What tells the next message of each priority from others.
        moved: When something was last seen to be taken, or nothing waited.
        moving_since: Since when it moves without a stall.
    """

    name = models.CharField(primary_key=True, max_length=200)
    broker = models.CharField(max_length=10)
    at = models.DateTimeField()
    depth = models.BigIntegerField()
    by_priority = models.JSONField(default=dict)
    unacked = models.BigIntegerField(null=True)
    unacked_estimated = models.BooleanField(default=False)
    oldest_unacked_age = models.FloatField(null=True)
    oldest_age = models.FloatField(null=True)
    oldest_age_estimated = models.BooleanField(default=False)
    consumers = models.IntegerField(null=True)
    workers = models.IntegerField(default=0)
    processes = models.IntegerField(default=0)
    rate_in = models.FloatField(default=0)
    rate_out = models.FloatField(default=0)
    drain_seconds = models.FloatField(null=True)
    drain_seconds_net = models.FloatField(null=True)
    seen = models.DateTimeField()
    mark = models.CharField(max_length=100, default="")
    heads = models.JSONField(default=list)
    moved = models.DateTimeField()
    moving_since = models.DateTimeField(null=True)


class QueueMinute(PeriodModel):
    """What a queue was like in one minute: the deepest, the last and the oldest of its samples."""

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("start", "name_id")
    name_id = models.BigIntegerField()
    max_depth = models.BigIntegerField()
    last_depth = models.BigIntegerField()
    max_age = models.FloatField(null=True)


class QueueFlow(PeriodModel):
    """How many messages were recorded to be sent to a queue and received from it in a minute, as one shard saw it."""

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("start", "name_id", "shard")
    name_id = models.BigIntegerField()
    shard = models.SmallIntegerField()
    sent = models.BigIntegerField()
    received = models.BigIntegerField()
