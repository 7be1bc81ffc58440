"""Runs of tasks as rows."""

from __future__ import annotations

import uuid

from django.db import models

from monitoring.storage.partitions import PeriodModel

LOST = "LOST"
"""State of a run whose process died and whose message nobody holds."""
STATES = ("SUCCESS", "FAILURE", "RETRY", "REVOKED", "IGNORED", "REJECTED", LOST)


class TaskRun(PeriodModel):
    """A run of a task that ended, by whatever way; `start` is the minute of its end.

    Successes are sampled, all others are kept. Durations are in seconds, null where nobody could measure them.

    Attributes:
        reason: Why it is kept, or how it ended: `failure`, `retry`, `slow`, `sample`, `killed`, `time limit`,
            `expired`, `revoked`, `terminated`, `rejected`, `ignored`, `unknown task`, `lost`.
        origin: What published it, where it was sampled as part of a tree: a route or the name of a task.
        periodic: Name of the schedule's entry it was published for.
        span_id: Of the part of the trace that it is.
        parent_span_id: Of what published it.
    """

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("start", "id")
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    ended = models.DateTimeField()
    began = models.DateTimeField(null=True)
    service = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, blank=True)
    queue = models.CharField(max_length=200, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    pid = models.IntegerField(null=True)
    duration = models.FloatField(null=True)
    wait = models.FloatField(null=True)
    retries = models.IntegerField(default=0)
    exception = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=1000, blank=True)
    task_id = models.CharField(max_length=200)
    parent_id = models.CharField(max_length=200, blank=True)
    root_id = models.CharField(max_length=200, blank=True)
    group_id = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=32, blank=True)
    span_id = models.CharField(max_length=16, blank=True, default="", db_default="")
    parent_span_id = models.CharField(max_length=16, blank=True, default="", db_default="")
    request_id = models.CharField(max_length=64, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    origin = models.CharField(max_length=200, blank=True)
    periodic = models.CharField(max_length=200, blank=True)
    arguments = models.TextField(blank=True)

    class Meta:
        ordering = ["-ended", "-id"]
        indexes = [
            models.Index(fields=["-ended", "-id"], name="monitoring_run_ended"),
            models.Index(fields=["name", "-ended"], name="monitoring_run_name"),
            models.Index(fields=["state", "-ended"], name="monitoring_run_state"),
            models.Index(fields=["task_id"], name="monitoring_run_task"),
            models.Index(fields=["root_id"], name="monitoring_run_root"),
            models.Index(fields=["trace_id"], name="monitoring_run_trace"),
            models.Index(fields=["request_id"], name="monitoring_run_request"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class RunningTask(models.Model):
    """An execution that began and has not ended, as far as intake has read.

    Attributes:
        began: Milliseconds since the epoch, by the clock of its worker.
        late: Whether its message is acknowledged only when it has ended.
        dead_since: Since when its process is known to be dead, in milliseconds since the epoch; null while it is not.
    """

    pk = models.CompositePrimaryKey("task_id", "began", "shard")
    task_id = models.CharField(max_length=200)
    began = models.BigIntegerField(db_index=True)
    shard = models.SmallIntegerField()
    service = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    queue = models.CharField(max_length=200, blank=True)
    worker = models.CharField(max_length=200)
    instance = models.CharField(max_length=40, blank=True)
    late = models.BooleanField(default=False)
    dead_since = models.BigIntegerField(null=True)
    trace_id = models.CharField(max_length=32, blank=True)
    span_id = models.CharField(max_length=16, blank=True, default="", db_default="")
    parent_span_id = models.CharField(max_length=16, blank=True, default="", db_default="")
    parent_id = models.CharField(max_length=200, blank=True)
    root_id = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["trace_id"], name="monitoring_running_trace"),
            models.Index(fields=["root_id"], name="monitoring_running_root"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.task_id}"
