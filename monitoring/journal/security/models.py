"""What clients did lately, as rows that are dropped when the window has passed, and what was found of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitoring.recording.events import TriedOf

from .kinds import Kind, State

MAX_CLIENT = 50
MAX_SUBJECT = 150
MAX_WHO = 200


class VisitMinute(models.Model):
    """What a client asked for in a minute, as one shard saw it.

    Attributes:
        minute: Since the epoch.
        client: Its network, in the canonical spelling by which it would be blocked.
        requests: So many were answered.
        missing: So many of them with 404.
        denied: So many with 401 or 403.
    """

    pk = models.CompositePrimaryKey("minute", "client", "shard")
    minute = models.IntegerField()
    client = models.CharField(max_length=MAX_CLIENT)
    shard = models.SmallIntegerField()
    requests = models.BigIntegerField()
    missing = models.BigIntegerField()
    denied = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.client} {self.minute}"


class TriedMinute(models.Model):
    """Distinct things that were tried in a minute, as one shard saw it.

    Attributes:
        minute: Since the epoch.
        of: What was tried.
        by: `client` or `target`: whether it is of one client (and holds what it tried), or of one target (and holds who
            tried it).
        subject: That client, or that target.
        count: How often, in all.
        distinct: Hashes of the distinct ones, little-endian integers of 64 bits; no more than fit.
        examples: Some of them.
    """

    CLIENT, TARGET = "client", "target"

    pk = models.CompositePrimaryKey("minute", "of", "by", "subject", "shard")
    minute = models.IntegerField()
    of = models.SmallIntegerField(choices=[(one.value, one.name.lower()) for one in TriedOf])
    by = models.CharField(max_length=6)
    subject = models.CharField(max_length=MAX_SUBJECT)
    shard = models.SmallIntegerField()
    count = models.BigIntegerField()
    distinct = models.BinaryField()
    examples = models.TextField(default="[]")

    def __str__(self) -> str:
        return f"{self.of} {self.subject} {self.minute}"


class PatternHit(models.Model):
    """A request that looks like an attack. Its entry in the journal outlives it.

    Attributes:
        entry_id: That of its entry in the journal, by which it is kept once however often it arrives.
        client: Its network.
        pattern: Which one, as in `recording.patterns`.
        weight: How much it says, from 0 to 1.
        what: A hash of what was matched, so that the same one tried again says nothing new.
        example: The path, and where in the request it was; scrubbed and bounded.
        status: With which it was answered.
    """

    entry_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    client = models.CharField(max_length=MAX_CLIENT)
    pattern = models.CharField(max_length=40)
    weight = models.FloatField()
    what = models.BigIntegerField()
    example = models.TextField(default="")
    status = models.SmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["client", "at"], name="monitoring_pattern_client")]

    def __str__(self) -> str:
        return f"{self.pattern} {self.client}"


class SecurityFinding(models.Model):
    """Something that a client does as attackers do, from its first evidence to when there was none any more.

    Attributes:
        kind: What.
        subject: Which client (its network), account or token.
        client: Its network; empty where many clients are at it.
        confidence: From 0 to 1, as its kind's formula has it; the highest there was.
        says: All this in words.
        evidence: Counts, examples and times.
        started: When it was found.
        seen: When there was evidence of it last.
        closed: When there was none any more, or somebody dismissed it.
        dismissed_by: Who.
        dismissed_until: Till when the same is not found anew.
        blocked: Whether a rule had the client blocked for it.
    """

    kind = models.CharField(max_length=24, choices=[(one.value, one.value) for one in Kind])
    subject = models.CharField(max_length=MAX_SUBJECT)
    client = models.CharField(max_length=MAX_CLIENT, blank=True, default="")
    state = models.CharField(max_length=9, choices=[(one.value, one.value) for one in State], default=State.OPEN)
    confidence = models.FloatField()
    says = models.TextField()
    evidence = models.JSONField(default=dict)
    started = models.DateTimeField()
    seen = models.DateTimeField()
    closed = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.CharField(max_length=MAX_WHO, blank=True, default="")
    dismissed_until = models.DateTimeField(null=True, blank=True)
    blocked = models.BooleanField(default=False)

    class Meta:
        ordering = ["-started", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state="open"), name="monitoring_security_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-started", "-id"], name="monitoring_security_started"),
            models.Index(fields=["closed"], name="monitoring_security_closed"),
            models.Index(fields=["kind", "subject", "dismissed_until"], name="monitoring_security_dismissed"),
        ]

    def __str__(self) -> str:
        return self.says
