"""What is known of each entry of the schedule and of its latest runs, whose times are milliseconds since the epoch."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class EntryState(models.TextChoices):
    """How an entry is, by the worst that is open about it."""

    OK = "ok", "ok"
    LATE = "late", "late"
    MISSED = "missed", "missed"
    FAILED = "failed", "failed"
    DISABLED = "disabled", "disabled"


class ScheduleEntry(models.Model):
    """One entry of django-celery-beat, and how far it has been judged.

    `anchor` is the slot up to which everything is judged, `due` the moment from which there is more to judge. `form` is
    everything that decides when it is due: when that changes, judging begins anew from `anchor`.
    """

    name = models.CharField(max_length=200, unique=True)
    entry_id = models.BigIntegerField(db_index=True)
    task = models.CharField(max_length=200)
    form = models.CharField(max_length=64)
    words = models.CharField(max_length=500, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=EntryState.choices, default=EntryState.OK, db_index=True)
    anchor = models.DateTimeField()
    expected = models.DateTimeField(null=True)
    due = models.DateTimeField(null=True, db_index=True)
    last_slot = models.DateTimeField(null=True)
    kept = models.BigIntegerField(default=0)
    late = models.BigIntegerField(default=0)
    missed = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    overlapped = models.BigIntegerField(default=0)
    doubled = models.BigIntegerField(default=0)
    started_until = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "schedule entries"

    def __str__(self) -> str:
        return self.name


class ScheduledRun(models.Model):
    """One run of an entry. The facts of a run come in any order; `rank` says which of its states is the latest.

    `origin` is the beat that published it, empty when a person did. `open` means that it runs, or that its end has not
    been judged yet.
    """

    task_id = models.CharField(max_length=200, primary_key=True)
    entry = models.CharField(max_length=200)
    task = models.CharField(max_length=200, blank=True)
    queue = models.CharField(max_length=200, blank=True)
    origin = models.CharField(max_length=200, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    slot = models.BigIntegerField(null=True)
    published = models.BigIntegerField()
    started = models.BigIntegerField(null=True)
    ended = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)
    rank = models.IntegerField(default=0)
    open = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["entry", "-published"], name="monitoring_run_of_entry"),
            models.Index(fields=["entry"], name="monitoring_run_open", condition=Q(open=True)),
            models.Index(fields=["published"], name="monitoring_run_published"),
        ]

    def __str__(self) -> str:
        return f"{self.entry} {self.task_id}"


class ScheduleWatch(models.Model):
    """How far the whole schedule has been watched: one row. Of two watches at once, the version lets one write.

    `listed` is the last change of the entries that was taken over, `awake` since when one watch follows the other
    without a gap, `beat_seen` when a beat was last known to live. `missed` never falls, also when entries go.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=0)
    watched = models.DateTimeField(default=timezone.now)
    awake = models.DateTimeField(default=timezone.now)
    beat_seen = models.DateTimeField(null=True)
    listed = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    trimmed = models.DateTimeField(null=True)
    missed = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"watched until {self.watched}"
