"""What admins did, and the messages of tasks that can be run again."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, F, QuerySet, Value, When

from .outcomes import OPEN, State

ABANDONED_SECONDS = 60
"""An action takes seconds: whoever has carried one out for so long is dead."""


def _abandoned() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=ABANDONED_SECONDS)


class ActionQuerySet(QuerySet["Action"]):
    """Actions, and how far they got as far as can be told."""

    def told(self) -> ActionQuerySet:
        """Add `shown`: the state, but what is left to say where the process died in the middle."""
        before = _abandoned()
        shown = Case(
            When(state=State.REQUESTED, requested_at__lt=before, then=Value(State.FAILED)),
            When(state=State.PERFORMING, performing_at__lt=before, then=Value(State.UNKNOWN)),
            default=F("state"),
            output_field=models.CharField(),
        )
        told: ActionQuerySet = self.annotate(shown=shown)
        return told


class Action(models.Model):
    """Something an admin had done. Written before it is done, completed after, and changed by nobody else.

    Attributes:
        key: The client's `Idempotency-Key`; null once it is certain that nothing was done.
        user: Name of the user at that time.
        token: First characters of the digest of the token it came with; empty for a session.
        address: Of the client.
        performing_at: When whoever carries it out began to; from then on it may have happened.
        before: What the look before found.
        facts: What the look after found.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    target = models.CharField(max_length=200)
    parameters = models.JSONField(default=dict)
    key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001  # several may have none
    user_id = models.CharField(max_length=64)
    user = models.CharField(max_length=200)
    token = models.CharField(max_length=20, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_at = models.DateTimeField()
    performing_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    detail = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            models.Index(fields=["-requested_at", "-id"], name="monitoring_action_newest"),
            models.Index(fields=["target", "kind"], name="monitoring_action_target"),
        ]
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="monitoring_action_key")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"

    @property
    def abandoned(self) -> bool:
        """Whether its process died in the middle of it."""
        if self.state == State.PERFORMING and self.performing_at is not None:
            return self.performing_at < _abandoned()
        return self.state in OPEN and self.requested_at < _abandoned()

    def told_state(self) -> str:
        """Return the state; where the process died in the middle, `failed` before the deed and `unknown` after it."""
        if not self.abandoned:
            return self.state
        return State.FAILED if self.state == State.REQUESTED else State.UNKNOWN

    def told_detail(self) -> str:
        """Return what came of it, in words."""
        if not self.abandoned:
            return self.detail
        if self.state == State.REQUESTED:
            return "Whoever carried it out ended before anything was done."
        return "Whoever carried it out ended before it was seen whether it was done."


class StoredMessage(models.Model):
    """The message of a task that started, for another run.

    Attributes:
        body: The message as JSON; empty where it could not be kept.
        signature: Says that this is the body that was stored for this task.
        arguments: The same as scrubbed, bounded text, for people.
        problem: Why it could not be kept.
        claimed: The action that published it last; who changes it from what was seen may publish it next.
    """

    task_id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=200)
    service = models.CharField(max_length=200)
    captured = models.DateTimeField(db_index=True)
    body = models.TextField(blank=True)
    signature = models.CharField(max_length=100, blank=True)
    arguments = models.TextField(blank=True)
    problem = models.CharField(max_length=200, blank=True)
    claimed = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ["-captured"]

    def __str__(self) -> str:
        return f"{self.name} {self.task_id}"


def as_json(parameters: Any) -> dict[str, Any]:
    """Return the fields of a frozen dataclass as plain JSON."""
    return {name: getattr(parameters, name) for name in parameters.__dataclass_fields__}
