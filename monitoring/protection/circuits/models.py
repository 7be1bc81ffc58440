"""Circuits as rows: what is decided about each, what it is decided by, and who was permitted to try it."""

from __future__ import annotations

from django.db import models

from monitoring.recording.resilience.options import MAX_NAME, CircuitOptions

MAX_SERVICE = 100
MAX_REASON = 200
MAX_WHO = 200


class State(models.TextChoices):
    """What becomes of calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Hold(models.TextChoices):
    """What somebody wants to stay as it is, whatever is counted."""

    NONE = ""
    OPEN = "open"
    CLOSED = "closed"


class Circuit(models.Model):
    """A circuit of a service.

    Attributes:
        options: What code says of it, as `CircuitOptions`.
        declared: Whether code has said so; before that nothing is decided.
        seen: When a process last told of it.
        state: What becomes of calls.
        since: From when on they do.
        until: When an open one is tried again; null for others, and while it is held open.
        hold: Whether somebody wants it to stay open, or closed.
        reason: Why it is in this state, for people.
        by: Who decided so: `rates`, `trial`, `recovery` or a person.
        action_id: The recovery's action that opened it, until it is closed; null for others.
        trials: How often trying it has failed since it was closed.
        opened: How often it was opened since ever; what follows a trial that failed is the same opening.
        number: The last permit's.
        first: The first permit's of this trial.
        version: One more with each decision: who decides names the one that they looked at.
    """

    service = models.CharField(max_length=MAX_SERVICE)
    name = models.CharField(max_length=MAX_NAME)
    options = models.JSONField(default=dict)
    declared = models.BooleanField(default=False)
    seen = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.CLOSED)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    hold = models.CharField(max_length=6, choices=Hold.choices, default=Hold.NONE, blank=True)
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    by = models.CharField(max_length=MAX_WHO, blank=True, default="")
    action_id = models.UUIDField(null=True, blank=True)
    trials = models.IntegerField(default=0)
    opened = models.BigIntegerField(default=0)
    number = models.BigIntegerField(default=0)
    first = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ["service", "name"]
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="circuit_one_name")]

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"

    @property
    def thresholds(self) -> CircuitOptions:
        """What code says of it."""
        return CircuitOptions.read(self.options)

    @property
    def effect_id(self) -> str:
        """By what a process acknowledges that it knows of this opening."""
        return f"circuit-{self.pk}-{self.opened}"


class CircuitCall(models.Model):
    """Calls of a second, as one shard saw them; dropped when they are older than any window.

    Attributes:
        second: When they began, in seconds since the epoch.
    """

    pk = models.CompositePrimaryKey("service", "name", "second", "shard")
    service = models.CharField(max_length=MAX_SERVICE)
    name = models.CharField(max_length=MAX_NAME)
    second = models.BigIntegerField(db_index=True)
    shard = models.SmallIntegerField()
    calls = models.BigIntegerField()
    failed = models.BigIntegerField()
    slow = models.BigIntegerField()
    refused = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.service}:{self.name} {self.second}"


class CircuitTotal(models.Model):
    """Calls since ever, as one shard counted them."""

    pk = models.CompositePrimaryKey("service", "name", "shard")
    service = models.CharField(max_length=MAX_SERVICE)
    name = models.CharField(max_length=MAX_NAME)
    shard = models.SmallIntegerField()
    calls = models.BigIntegerField()
    failed = models.BigIntegerField()
    slow = models.BigIntegerField()
    refused = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


class CircuitAsker(models.Model):
    """A process that wanted to call, lately. Times in milliseconds since the epoch.

    Attributes:
        process: Its name, as `recording.instance` has it.
        at: When it last did.
    """

    pk = models.CompositePrimaryKey("circuit_id", "process")
    circuit = models.ForeignKey(Circuit, on_delete=models.CASCADE, related_name="askers")
    process = models.CharField(max_length=40)
    at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.process


class Outcome(models.TextChoices):
    """What came of a trial."""

    NONE = ""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class CircuitPermit(models.Model):
    """One call that a process may make while its circuit is tried. Times in milliseconds since the epoch.

    Attributes:
        number: Its number, the next higher one with each.
        process: Who may.
        void: Until when the call must have begun.
        lost: From when on nobody waits for its outcome, should it have begun.
        began: Whether the call is known to have begun.
    """

    pk = models.CompositePrimaryKey("circuit_id", "number")
    circuit = models.ForeignKey(Circuit, on_delete=models.CASCADE, related_name="permits")
    number = models.BigIntegerField()
    process = models.CharField(max_length=40)
    granted = models.BigIntegerField()
    void = models.BigIntegerField()
    lost = models.BigIntegerField()
    began = models.BooleanField(default=False)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, default=Outcome.NONE, blank=True)

    def __str__(self) -> str:
        return f"permit {self.number}"


class CircuitChange(models.Model):
    """A decision about a circuit, kept so that it is known who decided what, and when."""

    circuit = models.ForeignKey(Circuit, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=9, choices=State.choices)
    hold = models.CharField(max_length=6, choices=Hold.choices, default=Hold.NONE, blank=True)
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    by = models.CharField(max_length=MAX_WHO, blank=True, default="")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.state} {self.at:%Y-%m-%d %H:%M:%S}"
