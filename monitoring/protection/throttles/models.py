"""Throttles as rows. One that is ended stays for some time, so that it is known who made and who ended it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet

from .limit import MAX_MATCH, MAX_REASON, Limit, Scope


class Origin(models.TextChoices):
    """Who decided about a throttle."""

    MANUAL = "manual"
    RECOVERY = "recovery"


class ThrottleState(models.TextChoices):
    """What is true of a throttle now."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"
    ENDED = "ended"


class ThrottleQuerySet(QuerySet["Throttle"]):
    """Throttles by what is true of them now."""

    def in_state(self, state: str, now: datetime) -> ThrottleQuerySet:
        """Return those in a state."""
        going_on = Q(expires=None) | Q(expires__gt=now)
        conditions = {
            ThrottleState.ACTIVE: Q(going_on, ended=None, enabled=True),
            ThrottleState.DISABLED: Q(going_on, ended=None, enabled=False),
            ThrottleState.EXPIRED: Q(ended=None, expires__lte=now),
            ThrottleState.ENDED: Q(ended__isnull=False),
        }
        return self.filter(conditions[ThrottleState(state)])


class Throttle(models.Model):
    """How often which requests may come; see `limit.Limit`.

    Attributes:
        expires: From then on it is void; null for none.
        created_by: Name of who made it; of the strategy where *Recovery* did.
        changed_by: Who changed it last.
        ended: When it was taken back; null while it stands.
    """

    scope = models.CharField(max_length=6, choices=Scope.choices)
    match = models.CharField(max_length=MAX_MATCH)
    rate = models.FloatField(help_text="Requests a second.")
    burst = models.IntegerField(help_text="So many may come at once.")
    per = models.CharField(max_length=6, choices=Scope.choices, help_text="Who has a bucket of their own.")
    reason = models.CharField(max_length=MAX_REASON, blank=True, help_text="What those are told who come too often.")
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.MANUAL)
    enabled = models.BooleanField(default=True)
    expires = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True)
    changed = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=200, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    objects = ThrottleQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"throttle {self.pk}"

    @property
    def limit(self) -> Limit:
        """What it says."""
        return Limit(self.scope, self.match, self.rate, self.burst, self.per, self.reason)

    def state(self, now: datetime) -> ThrottleState:
        """Return what is true of it."""
        if self.ended is not None:
            return ThrottleState.ENDED
        if self.expires is not None and self.expires <= now:
            return ThrottleState.EXPIRED
        return ThrottleState.ACTIVE if self.enabled else ThrottleState.DISABLED
