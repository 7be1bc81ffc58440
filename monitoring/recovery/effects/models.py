"""Effects as rows. One that ended stays for some time, so that it is known what was done, and who took it back."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet

MAX_KEY = 200
MAX_SERVICE = 100


class EffectQuerySet(QuerySet["Effect"]):
    """Effects by what is true of them now."""

    def standing(self, now: datetime) -> EffectQuerySet:
        """Return those that are in force."""
        return self.filter(Q(expires=None) | Q(expires__gt=now), ended=None)


class Effect(models.Model):
    """Something that processes do otherwise for some time.

    Attributes:
        kind: One of `recording.effects.KINDS`.
        service: Whose processes; empty for all.
        key: What it is about, such as `http:payments`.
        value: What processes are told, as a JSON object.
        action_id: The action that made it.
        expires: From then on it is void; null for none.
        ended: When it was taken back; null while it stands.
        ended_by: Who took it back, or `expired`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    service = models.CharField(max_length=MAX_SERVICE, blank=True, default="")
    key = models.CharField(max_length=MAX_KEY)
    value = models.JSONField(default=dict)
    action_id = models.UUIDField(db_index=True)
    created = models.DateTimeField()
    expires = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True, default="")

    objects = EffectQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "service", "key"], condition=Q(ended=None), name="effect_one_standing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
