"""Lines of the log as rows."""

from __future__ import annotations

import uuid

from django.db import models

from monitoring.storage.partitions import PeriodModel


class LogLine(PeriodModel):
    """A line that was logged; `start` is the minute in which it was.

    Attributes:
        at: When, by the clock of its host.
        level: By logging's numbers: 20 is INFO, 30 WARNING, 40 ERROR, 50 CRITICAL.
        node: Who logged it: a worker's name, or service and host.
        fields: What else was bound to it or given with it, scrubbed.
    """

    partition_minutes = 24 * 60

    pk = models.CompositePrimaryKey("start", "id")
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    level = models.SmallIntegerField()
    logger = models.CharField(max_length=200)
    text = models.TextField()
    service = models.CharField(max_length=200)
    environment = models.CharField(max_length=50, blank=True)
    node = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=32, blank=True)
    span_id = models.CharField(max_length=16, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=200, blank=True)
    task = models.CharField(max_length=200, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    fields = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="monitoring_line_at"),
            models.Index(fields=["logger", "-at"], name="monitoring_line_logger"),
            models.Index(fields=["trace_id"], name="monitoring_line_trace"),
            models.Index(fields=["request_id"], name="monitoring_line_request"),
            models.Index(fields=["task_id"], name="monitoring_line_task"),
        ]

    def __str__(self) -> str:
        return self.text[:100]
