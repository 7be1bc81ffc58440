"""Parts of traces as rows. A task's part is its run, which the slice of jobs has."""

from __future__ import annotations

import uuid

from django.db import models

from monitoring.storage.partitions import PeriodModel


class TraceSpan(PeriodModel):
    """A request, operation or outgoing call of a trace that is kept; `start` is the minute of its beginning.

    Attributes:
        at: When it began, by the clock of its host.
        duration: Seconds.
        kind: `request`, `operation` or `client`.
        parent_span_id: The span that it came of; empty for none.
        failed: Whether it failed: of a request, that it was answered with 5xx or for an exception nobody handled.
        about: What else is known: method, path or host, dependency, how many parts of it were left out (`dropped`).
    """

    partition_minutes = 24 * 60

    REQUEST, OPERATION, CLIENT = "request", "operation", "client"
    KINDS = (REQUEST, OPERATION, CLIENT)

    pk = models.CompositePrimaryKey("start", "id")
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    duration = models.FloatField()
    kind = models.CharField(max_length=10)
    service = models.CharField(max_length=200)
    environment = models.CharField(max_length=50, blank=True)
    name = models.CharField(max_length=200)
    status = models.IntegerField(default=0)
    failed = models.BooleanField(default=False)
    trace_id = models.CharField(max_length=32)
    span_id = models.CharField(max_length=16)
    parent_span_id = models.CharField(max_length=16, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=200, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    about = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["trace_id"], name="monitoring_span_trace"),
            models.Index(fields=["request_id"], name="monitoring_span_request"),
            models.Index(fields=["kind", "-at", "-id"], name="monitoring_span_at"),
            models.Index(fields=["kind", "name", "-at"], name="monitoring_span_name"),
            models.Index(fields=["kind", "-at"], name="monitoring_span_failed", condition=models.Q(failed=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.duration:.3f} s"
