"""What is told of incidents, as rows: a row for each transition and destination, and how it goes with destinations."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitoring.alerts.incidents.models import Incident, IncidentEntry
from monitoring.storage.outbox import Outgoing, OutgoingState

ATTEMPTS, MOST_WAIT_SECONDS = 100, 300.0
"""Attempts to send a message, and the longest wait between two: they last for five hours or longer."""
_OPEN = Q(state__in=(OutgoingState.PENDING, OutgoingState.SENDING))


class DeliveryKind(models.TextChoices):
    """Why somebody is told of an incident."""

    FIRING = "firing"
    MILESTONE = "milestone"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class AlertDigest(Outgoing):
    """One message that tells of many incidents. What it tells of is decided before it is first sent, and stays so.

    Attributes:
        destination: Key of the destination.
        counted: Whether it is in the totals.
    """

    destination = models.CharField(max_length=200)
    counted = models.BooleanField(default=False, editable=False)

    max_attempts = ATTEMPTS
    most_wait = MOST_WAIT_SECONDS

    class Meta(Outgoing.Meta):
        ordering = ["-created", "-id"]
        indexes = [
            *Outgoing.Meta.indexes,
            models.Index(fields=["destination"], name="monitoring_digest_to", condition=_OPEN),
            models.Index(
                fields=["id"], name="monitoring_digest_count", condition=Q(counted=False, settled__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"digest {self.pk}"


class Delivery(Outgoing):
    """That a destination is told of a transition of an incident.

    A row of a digest is sent with it: it is `pending` until the digest is first sent, then `sending`, and settled with
    the digest. Rows that were held back, so that nobody is told too often, are `dropped`; the next message counts them.

    Attributes:
        entry: The transition.
        incident_key: The incident's, which later incidents of the same rule and labels have too.
        destination: Key of the destination, by which routing finds it again.
        label: What people are shown of it.
        channel: Kind of its channel.
        rank: How bad the incident was, 0 for the worst.
        follows: The message that this one must not overtake; if that one is not sent, this one is not either.
        digest: The digest that it is sent with; None for a message of its own.
        counted: Whether it is in the totals.
    """

    entry = models.ForeignKey(IncidentEntry, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    incident_key = models.CharField(max_length=64)
    destination = models.CharField(max_length=200)
    label = models.CharField(max_length=200)
    channel = models.CharField(max_length=30)
    kind = models.CharField(max_length=10, choices=DeliveryKind.choices)
    rank = models.PositiveSmallIntegerField(default=0)
    follows = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="followers", editable=False
    )
    digest = models.ForeignKey(
        AlertDigest, on_delete=models.SET_NULL, null=True, blank=True, related_name="deliveries", editable=False
    )
    counted = models.BooleanField(default=False, editable=False)

    max_attempts = ATTEMPTS
    most_wait = MOST_WAIT_SECONDS

    class Meta(Outgoing.Meta):
        verbose_name_plural = "deliveries"
        ordering = ["-created", "-id"]
        indexes = [
            *Outgoing.Meta.indexes,
            models.Index(fields=["destination", "next_at"], name="monitoring_delivery_to", condition=_OPEN),
            models.Index(fields=["incident", "destination"], name="monitoring_delivery_incident"),
            models.Index(fields=["incident_key", "settled"], name="monitoring_delivery_key"),
            models.Index(fields=["settled"], name="monitoring_delivery_dead", condition=Q(state="dead")),
            models.Index(
                fields=["id"], name="monitoring_delivery_count", condition=Q(counted=False, settled__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["entry", "destination"], name="monitoring_delivery_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.label}"


class DeliveryGate(models.Model):
    """The way to a destination: one sender at a time, not too often, and not while it is to be left alone.

    Attributes:
        key: Of the destination.
        label: What people are shown of it.
        channel: Kind of its channel.
        digest: Whether many messages at once may become one.
        hourly_limit: Messages an hour, on the average; 0 for no limit.
        tokens: Messages that may be sent at once, when that was last reckoned.
        refilled: When it was.
        failures: Attempts that failed, since one went well.
        paused_until: Until when nothing is sent there.
        problem: What went wrong the last time; empty when nothing did.
        lease: Of the one who sends there.
        leased_until: From then on another one may.
    """

    key = models.CharField(max_length=200, primary_key=True)
    label = models.CharField(max_length=200)
    channel = models.CharField(max_length=30)
    digest = models.BooleanField(default=True)
    hourly_limit = models.PositiveIntegerField(default=60)
    tokens = models.FloatField(default=0.0)
    refilled = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["label", "key"]

    def __str__(self) -> str:
        return self.label


class DeliveryTotal(models.Model):
    """What became of deliveries since ever; never dropped, so that a counter made of it never falls.

    Attributes:
        outcome: See `totals.Outcome`.
        channel: Kind of the channel.
    """

    pk = models.CompositePrimaryKey("outcome", "channel")
    outcome = models.CharField(max_length=10)
    channel = models.CharField(max_length=30)
    count = models.BigIntegerField(default=0)
