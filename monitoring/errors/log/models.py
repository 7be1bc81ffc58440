"""The error log."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from monitoring.errors.groups.models import ErrorGroup
from monitoring.storage.alias import Aliases, AliasField, AliasQuerySet

from .fields import SeverityField


class ErrorLogQuerySet(AliasQuerySet["ErrorLog"]):
    """Errors."""


class ErrorLog(Aliases):
    """An error: an exception, a response of 4xx or 5xx without one, or a line logged at ERROR.

    Repetitions beyond what is kept of a group have no payload (`kept` is empty): of them the row says which error it
    was of, when, and where. What a payload is: `message`, `traceback`, `chain`, `crumbs`, `context`, `request_data`,
    `full_url`, `user_agent`.

    Attributes:
        error_id: What people are shown.
        group: Whose occurrence it is; merging does not move it.
        error_type: Name of the exception's class, or `csrf`, `404`, … for a response without one.
        exception_type: Qualified name of the exception's class.
        url_pattern: Route of the request.
        name: What failed: method and route, a task, or a logger.
        user: Who made the request, where it is a user of this database; `user_key` is what was recorded.
        chain: The exceptions, first the one that was caught, with their frames.
        crumbs: What was logged and queried before.
        handled: Whether somebody reported it, instead of it ending a request or a task.
        kept: Why its payload is kept (`new`, `turning`, `rare`, `sample`; `manual` where a program made the
            row itself), empty where it is not.
    """

    id = models.BigAutoField(primary_key=True)
    error_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    timestamp = AliasField(of="created")
    group = models.ForeignKey(
        ErrorGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="errors", db_index=False
    )
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    service = models.CharField(max_length=200, blank=True, default="")
    release = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=50, blank=True, default="")
    error_type = models.CharField(max_length=200, blank=True, default="")
    severity = SeverityField(max_length=10, blank=True, default="")
    status_code = models.IntegerField(default=0)
    name = models.CharField(max_length=200, blank=True, default="")
    url_pattern = models.CharField(max_length=500, blank=True, default="")
    full_url = models.TextField(blank=True, default="")
    method = models.CharField(max_length=10, blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    user_key = models.CharField(max_length=64, blank=True, default="")
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=500, blank=True, default="")
    request_data = models.JSONField(default=dict, blank=True)
    exception_type = models.CharField(max_length=200, blank=True, default="")
    exception_message = models.TextField(blank=True, default="")
    message = AliasField(of="exception_message")
    traceback = models.TextField(blank=True, default="")
    chain = models.JSONField(default=list, blank=True)
    crumbs = models.JSONField(default=list, blank=True)
    context = models.JSONField(default=dict, blank=True)
    resolved = models.BooleanField(default=False)
    handled = models.BooleanField(default=False)
    task_id = models.CharField(max_length=200, blank=True, default="")
    trace_id = models.CharField(max_length=32, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    kept = models.CharField(max_length=10, blank=True, default="manual")

    objects = ErrorLogQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [
            models.Index(fields=["fingerprint", "created"], name="monitoring_error_fingerprint"),
            models.Index(fields=["status_code", "created"], name="monitoring_error_status"),
            models.Index(fields=["group", "created"], name="monitoring_error_group"),
            models.Index(fields=["trace_id"], name="monitoring_error_trace", condition=~models.Q(trace_id="")),
            models.Index(fields=["task_id"], name="monitoring_error_task", condition=~models.Q(task_id="")),
            models.Index(fields=["created"], name="monitoring_error_kept", condition=~models.Q(kept="")),
            models.Index(fields=["group", "created"], name="monitoring_error_kept_of", condition=~models.Q(kept="")),
            models.Index(
                fields=["service", "group", "kept"], name="monitoring_error_kept_counts", condition=~models.Q(kept="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.error_type}: {self.exception_message[:80]}"


class LogTotal(models.Model):
    """What was taken out of the log before its time, since ever: `payloads` that were thinned, `rows` that went."""

    name = models.CharField(max_length=20, primary_key=True)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
