"""Entries of the journal: those that wait, those that are sealed, and where each chain ends."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class EntryModel(models.Model):
    """What an entry says; see `writing.NewEntry`."""

    entry_id = models.UUIDField(unique=True, editable=False)
    stream = models.CharField(max_length=20)
    at = models.DateTimeField()
    service = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=50, blank=True)
    action = models.CharField(max_length=100)
    outcome = models.CharField(max_length=10, default="success")
    actor = models.CharField(max_length=200, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    token = models.CharField(max_length=20, blank=True)
    client = models.CharField(max_length=64, blank=True)
    target_type = models.CharField(max_length=100, blank=True)
    target_id = models.CharField(max_length=300, blank=True)
    trace_id = models.CharField(max_length=32, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=150, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.stream} {self.action}"


class PendingEntry(EntryModel):
    """An entry that was written, and waits for Celery to seal it; deleted in the transaction that does."""

    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "pending entries"
        ordering = ["id"]


class JournalEntry(EntryModel):
    """An entry of a chain. Triggers refuse to change it, and to delete what retention has not let go.

    Attributes:
        sequence: Its place in the chain of its stream, from 1 on, without gaps.
        previous: Digest of the entry before it.
        digest: Of its canonical bytes, among which its sequence and `previous` are.
        form: Which canonical form that is.
        sealed_at: When it became part of the chain.
    """

    sequence = models.BigIntegerField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    form = models.SmallIntegerField(default=1)
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "journal entries"
        ordering = ["-at", "-entry_id"]
        constraints = [models.UniqueConstraint(fields=["stream", "sequence"], name="monitoring_journal_sequence")]
        indexes = [
            models.Index(fields=["-at", "-entry_id"], name="monitoring_journal_at"),
            models.Index(fields=["action", "-at"], name="monitoring_journal_action"),
            models.Index(fields=["actor", "-at"], name="monitoring_journal_actor"),
            models.Index(fields=["target_type", "target_id", "-at"], name="monitoring_journal_target"),
            models.Index(fields=["client", "-at"], name="monitoring_journal_client"),
            models.Index(fields=["trace_id"], name="monitoring_journal_trace"),
        ]


class StreamHead(models.Model):
    """Where the chain of a stream ends, where it begins by now, and up to where it was sealed outside.

    Attributes:
        sequence: Of the last entry; 0 for none.
        digest: Of the last entry.
        sealed: Sequence of the last seal outside of the database; 0 for none.
        sealed_at: When that was made.
        pruned: Entries up to this one were let go by retention.
        checked: Up to here the check that goes round has come.
    """

    stream = models.CharField(max_length=20, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    sealed = models.BigIntegerField(default=0)
    sealed_at = models.DateTimeField(null=True)
    pruned = models.BigIntegerField(default=0)
    checked = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence}"
