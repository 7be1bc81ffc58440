"""Alerts that conditions in code have raised, as rows: what their rule looks at."""

from __future__ import annotations

from django.db import models


class CodeAlert(models.Model):
    """One alert of a condition in code.

    Attributes:
        rule: Name under which the condition was registered.
        at: When it was taken in; it may have waited for Redis long before.
        event: The error as channels in code are told it.
    """

    rule = models.CharField(max_length=100)
    at = models.DateTimeField(db_index=True)
    level = models.CharField(max_length=10)
    message = models.CharField(max_length=500)
    service = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=50, blank=True, default="")
    release = models.CharField(max_length=200, blank=True, default="")
    error_type = models.CharField(max_length=40, blank=True, default="")
    endpoint = models.CharField(max_length=200, blank=True, default="")
    event = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["rule", "at"], name="monitoring_code_alert_rule")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"
