"""Recoveries as rows: what was asked for, what was chosen and why, what was done, and what came of it.

A row is changed by whoever holds its lease; each change is conditional, and the row count says who made it.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from .states import OPEN, STANDING, ActionState, Event, Outcome, State, Trigger

MAX_TARGET = 200


class Recovery(models.Model):
    """One episode: an error, what was done about it, and whether its signal cleared.

    Attributes:
        error_id: The error that asked for it (`ErrorLog.error_id`); one of it at most is open.
        group_id: Primary key of that error's group; null where it has none.
        error_type: As recovery names it: one of the documented names, or the class name.
        dependency: Inside of which circuit, timeout or fallback it was raised; empty outside of them.
        priority: Of its message on the queue: 0 is first.
        strategy: The chosen arm: a strategy, `none` for leaving it alone; empty while nothing was chosen.
        treated: Whether an action took effect.
        success: The same for callers: null as long as that is open.
        message: What became of the request, in words.
        outcome: What became of its signal; empty until that is judged.
        choice: Why this was chosen: `words`, `by`, `propensity`, `arms`, and `refusals` by strategy.
        signal: What is watched, and from when on: as verification needs it.
        leader: The recovery that this one joined.
        waits: Whether somebody who waits for the answer has still to be told.
        requested_at: When intake or a caller wrote it down.
        decided_at: When it was chosen what to do.
        executed_at: When an action took effect.
        watched_from: From when on its signal is watched.
        settled_at: When it was over.
        next_at: When somebody has to look at it next; null once it is over.
        lease: Of whoever works on it; it ends by itself at `leased_until`.
        attempts: How often somebody has begun to decide; one that ends every process is given up.
        version: Grows with each change.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    error_id = models.UUIDField()
    group_id = models.BigIntegerField(null=True, blank=True)
    service = models.CharField(max_length=200, blank=True, default="")
    environment = models.CharField(max_length=50, blank=True, default="")
    error_type = models.CharField(max_length=200, blank=True, default="")
    severity = models.CharField(max_length=10, blank=True, default="")
    name = models.CharField(max_length=200, blank=True, default="")
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    dependency = models.CharField(max_length=200, blank=True, default="")
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.AUTOMATIC)
    priority = models.PositiveSmallIntegerField(default=9)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    strategy = models.CharField(max_length=50, blank=True, default="")
    treated = models.BooleanField(default=False)
    success = models.BooleanField(null=True)
    message = models.TextField(blank=True, default="")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="")
    choice = models.JSONField(default=dict, blank=True)
    signal = models.JSONField(default=dict, blank=True)
    leader = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="joined", db_index=False
    )
    waits = models.BooleanField(default=False)
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    executed_at = models.DateTimeField(null=True, blank=True)
    watched_from = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            models.Index(fields=["-requested_at", "-id"], name="monitoring_recovery_newest"),
            models.Index(fields=["next_at"], name="monitoring_recovery_due", condition=Q(next_at__isnull=False)),
            models.Index(fields=["service", "fingerprint", "-requested_at"], name="monitoring_recovery_fault"),
            models.Index(fields=["error_type", "-settled_at"], name="monitoring_recovery_history"),
            models.Index(fields=["leader"], name="monitoring_recovery_joined", condition=Q(leader__isnull=False)),
            models.Index(fields=["group_id", "-requested_at"], name="monitoring_recovery_group"),
            models.Index(fields=["error_id", "-requested_at"], name="monitoring_recovery_error"),
        ]
        constraints = [
            # What is over can be asked for again.
            models.UniqueConstraint(
                fields=["error_id"], condition=Q(settled_at=None), name="monitoring_recovery_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.error_type} {self.id}"

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in OPEN


class RecoveryAction(models.Model):
    """One strategy and what was made of it: the order is this row, and its id is the order's.

    Attributes:
        target: What it changes; at most one action stands on a target at a time.
        plan: What it would do, in one sentence.
        says: What was done, or why not.
        facts: What was seen before and after.
        undo: What the way back needs to know; null where there is nothing to take back.
        roll_back: Somebody wants it taken back.
        performing_at: From when on it may have been done.
        executed_at: When it took effect.
        expires: When its effect ends by itself; null where it does not.
        ended_at: When it held its target no longer.
        who: Who approved, rejected or took it back; empty where nobody did.
        version: Grows with each change: what somebody approves is what they saw.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recovery = models.ForeignKey(Recovery, on_delete=models.CASCADE, related_name="actions", db_index=False)
    ordinal = models.PositiveSmallIntegerField()
    strategy = models.CharField(max_length=50)
    target = models.CharField(max_length=MAX_TARGET, blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    plan = models.TextField(blank=True, default="")
    state = models.CharField(max_length=16, choices=ActionState.choices, default=ActionState.PROPOSED)
    says = models.TextField(blank=True, default="")
    facts = models.JSONField(default=dict, blank=True)
    undo = models.JSONField(null=True, blank=True)
    roll_back = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, blank=True)
    created = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    performing_at = models.DateTimeField(null=True, blank=True)
    executed_at = models.DateTimeField(null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    who = models.CharField(max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["recovery_id", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["recovery", "ordinal"], name="monitoring_recovery_action_once"),
            models.UniqueConstraint(
                fields=["target"], condition=Q(state__in=STANDING), name="monitoring_recovery_target_once"
            ),
        ]
        indexes = [
            models.Index(fields=["target", "-performing_at"], name="monitoring_recovery_target"),
            models.Index(fields=["-performing_at"], name="monitoring_recovery_acted"),
            models.Index(
                fields=["expires"], name="monitoring_recovery_expires", condition=Q(state=ActionState.EXECUTED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy} {self.target}"


class RecoveryEntry(models.Model):
    """One entry of the audit trail. It is only ever added to.

    Attributes:
        recovery_id: Of the recovery; null for what concerns them all.
        action_id: Of the action, where it is about one.
        who: Who did it; empty for Enginel itself.
    """

    at = models.DateTimeField()
    event = models.CharField(max_length=16, choices=Event.choices)
    recovery_id = models.UUIDField(null=True, blank=True)
    action_id = models.UUIDField(null=True, blank=True)
    strategy = models.CharField(max_length=50, blank=True, default="")
    target = models.CharField(max_length=MAX_TARGET, blank=True, default="")
    who = models.CharField(max_length=200, blank=True, default="")
    says = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["recovery_id", "at"], name="monitoring_recovery_trail"),
            models.Index(fields=["-at", "-id"], name="monitoring_recovery_entries"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.target}"


class RecoverySwitch(models.Model):
    """The one row of the kill switch; where it is missing, recovery is on.

    Attributes:
        off: Nothing is done by anybody any more; what was done can still be taken back.
    """

    off = models.BooleanField(default=False)
    who = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return "off" if self.off else "on"


class RecoveryTotal(models.Model):
    """How often something happened since ever; never dropped, so that counters never fall.

    Attributes:
        what: `action` (label: strategy, value: what came of it) or `recovery` (label: treated or not, value: outcome).
    """

    pk = models.CompositePrimaryKey("what", "label", "value")
    what = models.CharField(max_length=20)
    label = models.CharField(max_length=50)
    value = models.CharField(max_length=20)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.what} {self.label} {self.value}: {self.count}"
