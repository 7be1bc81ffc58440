"""What makes an event count once: cursors, producers' sequences, and the batches that could not be taken in."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Cursor(models.Model):
    """A stream's version; each drain bumps it by compare-and-set, so that of two drainers one starts over."""

    stream = models.CharField(max_length=20, primary_key=True)
    version = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stream} at {self.version}"


class Producer(models.Model):
    """The last batch of a producer whose effect is stored, and the counts it carried."""

    pk = models.CompositePrimaryKey("producer", "stream")
    producer = models.CharField(max_length=32)
    stream = models.CharField(max_length=20)
    sequence = models.BigIntegerField()
    counts = models.JSONField(default=dict)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.producer} at {self.sequence}"


class DeadLetter(models.Model):
    """A batch that could not be taken in, whole, with the reason; `replay` takes it in again."""

    class Reason(models.TextChoices):
        """Why a batch could not be taken in."""

        UNREADABLE = "unreadable", "does not decode"
        NEWER = "newer", "written by a newer release"
        REFUSED = "refused", "its rows were refused"
        FORGOTTEN = "forgotten", "too old to know whether it was counted"
        DEADLY = "deadly", "killed whoever opened it"

    reason = models.CharField(max_length=10, choices=Reason.choices)
    stream = models.CharField(max_length=20)
    producer = models.CharField(max_length=32, blank=True)
    sequence = models.BigIntegerField(default=0)
    version = models.IntegerField(default=0)
    fields = models.BinaryField()
    error = models.TextField()
    created = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.stream} {self.producer}:{self.sequence}"
