"""Known bugs, the counter their ids come from, and how it goes with issue trackers, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from monitoring.errors.groups.models import ErrorGroup


class BugStatus(models.TextChoices):
    """Whether somebody has to do something about a bug."""

    OPEN = "open"
    RESOLVED = "resolved"


class BugSeverity(models.TextChoices):
    """How bad a bug is: that of its first error, until somebody says otherwise."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class KnownBugQuerySet(models.QuerySet["KnownBug"]):
    """Bugs by what is left to do for them."""

    def free(self, now: datetime) -> KnownBugQuerySet:
        """Leave those that nobody is at."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=now), deleted_at=None)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Hide them, as deleting one does."""
        hidden = self.update(deleted_at=timezone.now())
        return hidden, {self.model._meta.label: hidden}


class KnownBugManager(models.Manager["KnownBug"]):
    """Bugs that were not deleted."""

    def get_queryset(self) -> KnownBugQuerySet:
        """Leave deleted ones out."""
        return KnownBugQuerySet(self.model, using=self._db).filter(deleted_at=None)


class KnownBug(models.Model):
    """A group of errors that is to be fixed.

    What is left to do for it has a time: a bug without `file_due` has its file, one without `issue_due` its issue and
    comments, or no tracker. Each step is written down when it is done, so that the next run goes on where one ended.

    Attributes:
        number: The id's number, by which bugs are ordered: as texts, `B-1000` would come before `B-999`.
        group: The errors; none when the bug was reported without any, or their group is gone.
        fingerprint: The one the bug was made for, of `service`; its group may have others.
        github_issue_url: Address of the issue, in whichever tracker.
        deleted_at: When somebody deleted it; it stays, so that its errors do not make another one.
        file_path: Where its file is; empty until there is one.
        tracker: Which tracker its issue is in.
        issue_key: What the tracker calls the issue; empty until it is known.
        issue_tried: When the tracker was first asked to open one: from then on there may be one.
        issue_opened: When it was opened, or found.
        regressions: How often it came back after it was resolved.
        regressions_told: Up to which of these its issue tells.
        attempts: Attempts that failed, since the last step that went well.
        file_due: When its file is to be written; empty when it is.
        file_problem: Why that did not work the last time.
        issue_due: When the tracker is to be told something; empty when it was.
        issue_problem: Why that did not work the last time.
        lease_until: Until when somebody is at it.
    """

    bug_id = models.CharField(max_length=10, unique=True)
    number = models.BigIntegerField(unique=True, editable=False)
    group = models.OneToOneField(ErrorGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="bug")
    service = models.CharField(max_length=200, blank=True, default="")
    fingerprint = models.CharField(max_length=64, db_index=True)
    github_issue_number = models.IntegerField(null=True, blank=True)
    github_issue_url = models.URLField(max_length=500, blank=True, default="")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    severity = models.CharField(max_length=20, choices=BugSeverity.choices, default=BugSeverity.MEDIUM)
    status = models.CharField(max_length=20, choices=BugStatus.choices, default=BugStatus.OPEN)
    occurrence_count = models.BigIntegerField(default=1)
    last_occurrence = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    file_path = models.CharField(max_length=1000, blank=True, default="")
    tracker = models.CharField(max_length=20, blank=True, default="")
    issue_key = models.CharField(max_length=50, blank=True, default="")
    issue_tried = models.DateTimeField(null=True, blank=True)
    issue_opened = models.DateTimeField(null=True, blank=True, db_index=True)
    regressions = models.IntegerField(default=0)
    regressions_told = models.IntegerField(default=0)
    attempts = models.IntegerField(default=0)
    file_due = models.DateTimeField(null=True, blank=True)
    file_problem = models.CharField(max_length=500, blank=True, default="")
    issue_due = models.DateTimeField(null=True, blank=True)
    issue_problem = models.CharField(max_length=500, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)

    all_objects = KnownBugQuerySet.as_manager()
    objects = KnownBugManager()

    class Meta:
        verbose_name = "Known Bug"
        verbose_name_plural = "Known Bugs"
        ordering = ["-number"]
        default_manager_name = "objects"
        base_manager_name = "all_objects"
        constraints = [models.UniqueConstraint(fields=["service", "fingerprint"], name="monitoring_bug_once")]
        indexes = [
            models.Index(fields=["status", "-number"], name="monitoring_bug_status"),
            models.Index(fields=["file_due"], name="monitoring_bug_file", condition=Q(file_due__isnull=False)),
            models.Index(fields=["issue_due"], name="monitoring_bug_issue", condition=Q(issue_due__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.bug_id}: {self.title}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row; one that was made by its id alone gets its number from it."""
        if self.number is None:
            self.number = int(self.bug_id.rpartition("-")[2])
        super().save(*args, **kwargs)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Hide the bug: its errors stay known, and make no other one."""
        del keep_parents
        self.deleted_at = timezone.now()
        self.save(using=using, update_fields=["deleted_at", "modified"])
        return 1, {self._meta.label: 1}

    def restore(self) -> None:
        """Take its deletion back."""
        self.deleted_at = None
        self.save(update_fields=["deleted_at", "modified"])

    @property
    def pending(self) -> list[str]:
        """What of `file`, `issue` and `comment` is still to come."""
        waits = {
            "file": self.file_due is not None,
            "issue": self.issue_due is not None and not self.issue_key,
            "comment": self.issue_due is not None and bool(self.issue_key),
        }
        return [name for name, missing in waits.items() if missing]

    @property
    def next_attempt(self) -> datetime | None:
        """When the next of what is still to come is tried."""
        return min((due for due in (self.file_due, self.issue_due) if due is not None), default=None)


class BugCounter(models.Model):
    """The one row whose number is that of the latest bug; who is to make the next one holds it until that is done."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    last = models.BigIntegerField(default=0)


class TrackerState(models.Model):
    """How it goes with a tracker: when it may be asked again, and why not now.

    Attributes:
        setup: Digest of which tracker, where, and with which credentials: after a change of settings all begins anew.
        failures: Attempts that failed for a reason of the tracker's, since one went well.
        paused_until: Until when it is left alone.
        problem: Why.
        lease_until: Until when somebody talks to it: one at a time, as trackers ask for.
    """

    setup = models.CharField(max_length=64, primary_key=True)
    failures = models.IntegerField(default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
