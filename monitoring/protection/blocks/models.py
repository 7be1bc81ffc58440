"""Blocks as rows. One that is over stays for some time, so that it is known what happened, and who ended it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet

from monitoring.protection.networks import MAX_TEXT

MAX_REASON = 500
MAX_ROUTE = 500
MAX_WHO = 200


class BlockOrigin(models.TextChoices):
    """Who decided about a block."""

    AUTO = "auto", "Protection"
    MANUAL = "manual", "By hand"
    API = "api", "API"


class Crossed(models.TextChoices):
    """Which limit was crossed; none for a block that people made, or a rule asked for."""

    CLIENT = "client", "Errors of the client"
    ROUTE = "route", "Errors on a route"


class Withheld(models.TextChoices):
    """Why a client was not blocked that would have been."""

    DRY_RUN = "dry_run", "Dry run"
    SHARED = "shared", "Others fail there too"
    UNHEALTHY = "unhealthy", "A hard component is unhealthy"
    PROXY = "proxy", "A trusted proxy"
    ALLOWED = "allowed", "On the allow-list"
    ADMIN = "admin", "A staff member acts from there"


class BlockState(models.TextChoices):
    """What is true of a block now."""

    ACTIVE = "active"
    EXPIRED = "expired"
    ENDED = "ended"
    WITHHELD = "withheld"


class BlockQuerySet(QuerySet["Block"]):
    """Blocks by what is true of them now."""

    def in_state(self, state: str, now: datetime) -> BlockQuerySet:
        """Return those in a state."""
        over = Q(expires__lte=now) & (Q(ended=None) | Q(ended__gte=models.F("expires")))
        conditions = {
            BlockState.ACTIVE: Q(withheld="", ended=None, expires__gt=now),
            BlockState.EXPIRED: Q(over, withheld=""),
            BlockState.ENDED: Q(withheld="", ended__isnull=False, ended__lt=models.F("expires")),
            BlockState.WITHHELD: ~Q(withheld=""),
        }
        return self.filter(conditions[BlockState(state)])

    def in_force(self, now: datetime) -> BlockQuerySet:
        """Return those whose clients are refused."""
        return self.in_state(BlockState.ACTIVE, now)


class Block(models.Model):
    """A client that is refused, or (with `withheld`) one that would have been.

    Attributes:
        network: In its canonical spelling: an IPv4 address as `203.0.113.7/32`, of IPv6 the /64.
        prefix: The network's length.
        addresses: Whence the errors came, as texts; each has its documented key in Redis.
        crossed: Which limit; empty for a block that people made, or a rule asked for.
        withheld: Why it is none; empty for one that is.
        reason: What is told, in words.
        route: Where the limit was crossed or, for that of the client, where most of its errors were.
        count: Errors within the window when it was decided.
        window: Seconds in which they were.
        level: How many blocks of this client came before it, one after another.
        expires: When it is over by itself.
        ended: When it was over; null as long as nobody has seen that.
        ended_by: Who ended it before its time, or what; empty for time.
        created_by: Who made it; empty for the protection itself.
        evidence: `samples` of its errors and its `routes` with the errors of the client, and of all.
        mark: By which who wrote it knows that it was them, of many who try at once.
    """

    network = models.CharField(max_length=MAX_TEXT)
    prefix = models.PositiveSmallIntegerField()
    addresses = models.JSONField(default=list, blank=True)
    origin = models.CharField(max_length=6, choices=BlockOrigin.choices, default=BlockOrigin.AUTO)
    crossed = models.CharField(max_length=6, choices=Crossed.choices, blank=True, default="")
    withheld = models.CharField(max_length=9, choices=Withheld.choices, blank=True, default="")
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    route = models.CharField(max_length=MAX_ROUTE, blank=True, default="")
    count = models.IntegerField(default=0)
    window = models.IntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=0)
    started = models.DateTimeField()
    expires = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=MAX_WHO, blank=True, default="")
    created_by = models.CharField(max_length=MAX_WHO, blank=True, default="")
    evidence = models.JSONField(default=dict, blank=True)
    mark = models.UUIDField(null=True, blank=True, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["-started", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["network"], condition=Q(ended=None, withheld=""), name="monitoring_block_once"
            ),
            models.UniqueConstraint(
                fields=["network"], condition=Q(ended=None, withheld__gt=""), name="monitoring_withheld_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-started", "-id"], name="monitoring_block_newest"),
            models.Index(fields=["network", "-started"], name="monitoring_block_network"),
            models.Index(fields=["expires"], name="monitoring_block_expires", condition=Q(ended=None)),
            models.Index(fields=["ended"], name="monitoring_block_ended"),
        ]

    def __str__(self) -> str:
        return self.network

    def state(self, now: datetime) -> BlockState:
        """Return what is true of it."""
        if self.withheld:
            return BlockState.WITHHELD
        if self.ended is not None and self.ended < self.expires:
            return BlockState.ENDED
        return BlockState.EXPIRED if self.expires <= now else BlockState.ACTIVE


class BlockTotal(models.Model):
    """How many blocks of an outcome there were, since ever; never dropped, so that counters never fall.

    Attributes:
        outcome: `blocked`, or why one was withheld.
    """

    outcome = models.CharField(max_length=10, primary_key=True)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.outcome}: {self.count}"
