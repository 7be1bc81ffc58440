"""Channels that people made, as rows."""

from __future__ import annotations

from django.db import models


class AlertChannel(models.Model):
    """A channel that people made in the admin or through the API.

    Attributes:
        name: By which rules refer to it.
        kind: One of `registry.KINDS`.
        settings: What the kind needs, secrets included: shown through `redaction.shown` alone.
        severities: It gets the incidents of these; with none it gets what rules send to it by name.
        escalation: It gets incidents that nobody acknowledged in time.
        enabled: Off: nothing is sent to it.
        hourly_limit: Messages within an hour beyond which they become one; 0 for no limit.
        changed_by: Who changed it last.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=30)
    settings = models.JSONField(default=dict, blank=True)
    severities = models.JSONField(default=list, blank=True)
    escalation = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    hourly_limit = models.PositiveIntegerField(default=60)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=200, blank=True, default="", editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
