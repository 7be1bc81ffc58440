"""Incidents and their history, as rows; and how evaluating itself went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .states import IncidentState, TransitionKind

__all__ = [
    "Evaluation",
    "Incident",
    "IncidentEntry",
    "IncidentState",
    "RuleTrouble",
    "TransitionKind",
    "TransitionTotal",
]
_STATES = [(one.value, one.value.capitalize()) for one in IncidentState]
_KINDS = [(one.value, one.value.capitalize()) for one in TransitionKind]


class Incident(models.Model):
    """One thing that is wrong: what a rule finds under one set of labels, from its beginning to its end.

    Attributes:
        rule: The rule, while it exists; its name stays.
        key: Hex digest of the rule's name and the labels. One incident of a key is open at a time.
        started: When the rule first found it.
        fired: When it had lasted for as long as the rule wants; None while pending.
        resolved: When it was over; None while it is open.
        last_active: When it was last written that the rule finds it: at every change, else now and then.
        absent_since: Since when the rule no longer finds it, while it is kept firing.
        count: Occurrences so far, for rules that count.
        notified_count: At which milestone of `count` it was told of last; of one that is spent, how much of it is.
        changes: When it last fired or was resolved, or went on and off while flapping, as seconds since the epoch,
            the newest last; taken over from the incident of the same key before.
        event: Whether it is something that happened once, not a state that lasts.
        spent: Whether a person resolved it while its rule still found it: no other is opened for as long as it does.
        flapping: Whether it goes on and off so often that it is held firing until it is steady.
        silenced: Whether a silence or a maintenance window keeps it from being told.
        inhibited: Whether another incident, of which it is a consequence, keeps it from being told.
        version: Grows with each change; who changes a row says which version was seen.
    """

    rule = models.ForeignKey(
        "monitoring.AlertRule", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    rule_name = models.CharField(max_length=100)
    key = models.CharField(max_length=64)
    labels = models.JSONField(default=dict)
    severity = models.CharField(max_length=10)
    state = models.CharField(max_length=12, choices=_STATES, default=IncidentState.PENDING.value)
    started = models.DateTimeField()
    fired = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")
    resolved = models.DateTimeField(null=True, blank=True)
    last_active = models.DateTimeField()
    absent_since = models.DateTimeField(null=True, blank=True)
    value = models.FloatField(default=0.0)
    count = models.BigIntegerField(default=0)
    notified_count = models.BigIntegerField(default=0)
    summary = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)
    event = models.BooleanField(default=False)
    spent = models.BooleanField(default=False)
    flapping = models.BooleanField(default=False)
    changes = models.JSONField(default=list, blank=True)
    silenced = models.BooleanField(default=False)
    silence = models.ForeignKey(
        "monitoring.Silence", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    maintenance = models.ForeignKey(
        "monitoring.MaintenanceWindow",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    inhibited = models.BooleanField(default=False)
    inhibited_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-started", "-id"]
        indexes = [
            models.Index(fields=["-started", "-id"], name="monitoring_incident_started"),
            models.Index(fields=["key", "-resolved"], name="monitoring_incident_key"),
            models.Index(fields=["rule_name", "-started"], name="monitoring_incident_rule"),
            models.Index(fields=["state", "-started"], name="monitoring_incident_open", condition=~Q(state="resolved")),
            models.Index(fields=["resolved"], name="monitoring_incident_closed", condition=Q(state="resolved")),
            models.Index(fields=["key"], name="monitoring_incident_spent", condition=Q(spent=True)),
            models.Index(
                fields=["inhibited_by"], name="monitoring_incident_cause", condition=Q(inhibited_by__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=~Q(state="resolved"), name="monitoring_incident_once_open"
            ),
        ]

    def __str__(self) -> str:
        return self.summary or self.rule_name

    @property
    def group_key(self) -> str:
        """Return what incidents that are shown together have in common."""
        return self.rule_name

    @property
    def muted(self) -> bool:
        """Whether nobody is told of it for now."""
        return self.silenced or self.inhibited


class IncidentEntry(models.Model):
    """One entry of an incident's history. Deliveries are made of those that somebody is to be told of.

    Attributes:
        who: Who did it; `Enginel` where nobody did.
        detail: What belongs to the kind: a comment's `text`, the `count` of a milestone, …
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="entries", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=14, choices=_KINDS)
    who = models.CharField(max_length=150, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["incident", "-at", "-id"], name="monitoring_ientry_incident"),
            models.Index(fields=["-at", "-id"], name="monitoring_ientry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.who}" if self.who else self.kind


class TransitionTotal(models.Model):
    """How many transitions of a kind there ever were; never dropped, so that a counter made of it never falls."""

    kind = models.CharField(primary_key=True, max_length=14)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"


class Evaluation(models.Model):
    """The evaluation of all rules, in the one row that there is.

    Attributes:
        number: Grows with each transaction of an evaluator; who writes says which number was seen, so that of two
            evaluators at once only one goes on.
        began: When the last evaluation began that was completed.
        completed: When it was completed.
        seconds: How long it took.
        rules: How many rules were evaluated.
        failing: How many of them failed.
        watchdog_at: When somebody last took it upon himself to ask the watchdog's address.
        watchdog_answered: When that address last answered that it heard.
        watchdog_problem: What went wrong the last time; empty when nothing did.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    began = models.DateTimeField(null=True, blank=True)
    completed = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0.0)
    rules = models.PositiveIntegerField(default=0)
    failing = models.PositiveIntegerField(default=0)
    watchdog_at = models.DateTimeField(null=True, blank=True)
    watchdog_answered = models.DateTimeField(null=True, blank=True)
    watchdog_problem = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return f"evaluation {self.number}"


class RuleTrouble(models.Model):
    """How the evaluation of a rule failed, and how often it ever did.

    Attributes:
        failures: Never falls.
        since: Since when every evaluation of it failed; None while it does not fail.
        error: What the last failure said.
    """

    rule_name = models.CharField(primary_key=True, max_length=100)
    failures = models.BigIntegerField(default=0)
    since = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.error}"
