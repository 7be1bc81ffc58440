"""Rules as rows, and who changed them."""

from __future__ import annotations

from django.db import models

from monitoring.classification import ErrorSeverity


class Source(models.TextChoices):
    """Where a rule comes from."""

    BUILTIN = "builtin"
    SETTINGS = "settings"
    ADMIN = "admin"
    API = "api"
    CODE = "code"


class AlertRule(models.Model):
    """One rule. What its fields mean, `rule.Rule` says; only what passed `validation.problems` is stored.

    Attributes:
        params: What the kind is told, as plain JSON.
        filters: Lists of glob patterns, by what they are held against.
        edited: A person changed it: upgrades leave it as it is.
        changed_by: Who changed it last; empty while nobody did.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict, blank=True)
    filters = models.JSONField(default=dict, blank=True)
    severity = models.CharField(
        max_length=10, choices=[(one.value, one.value) for one in ErrorSeverity], default=ErrorSeverity.HIGH.value
    )
    for_seconds = models.PositiveIntegerField(default=0)
    keep_firing_seconds = models.PositiveIntegerField(default=0)
    min_count = models.PositiveIntegerField(default=0)
    cooldown_seconds = models.PositiveIntegerField(default=3600)
    channels = models.JSONField(default=list, blank=True)
    summary = models.CharField(max_length=500, blank=True, default="")
    runbook_url = models.CharField(max_length=500, blank=True, default="")
    labels = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.ADMIN, editable=False)
    enabled = models.BooleanField(default=True)
    edited = models.BooleanField(default=False, editable=False)
    changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    changed_by = models.CharField(max_length=200, blank=True, default="", editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RuleChange(models.Model):
    """One change of a rule by a person; it stays when the rule goes.

    Attributes:
        rule: Name of the rule.
        who: Name of whoever changed it.
        changes: What it was and what it became, by field.
    """

    rule = models.CharField(max_length=100)
    at = models.DateTimeField()
    who = models.CharField(max_length=200)
    changes = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["rule", "-at"], name="monitoring_rule_change")]

    def __str__(self) -> str:
        return f"{self.rule} by {self.who}"
