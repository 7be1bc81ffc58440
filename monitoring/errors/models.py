"""The error log."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class ErrorLog(models.Model):
    """An exception that ended a request or a task.

    Repetitions beyond the limit a process sends in full per minute are rows without `chain`.
    """

    error_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    service = models.CharField(max_length=200, blank=True)
    release = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=50, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    error_type = models.CharField(max_length=200, blank=True)
    message = models.TextField(blank=True)
    name = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=32, blank=True, db_index=True)
    context = models.JSONField(default=dict, blank=True)
    chain = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["fingerprint", "created"], name="monitoring_error_group")]

    def __str__(self) -> str:
        return f"{self.error_type}: {self.message[:80]}"
