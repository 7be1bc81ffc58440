"""Groups as rows.

What was counted always stays with the group that a fingerprint first made, its *home*. A merge only points a group to
another one (`merged_into`, its *root*), and readers add members up; so that taking a merge back is exact. What people
decide (status, assignee, comments) is the root's.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class GroupStatus(models.TextChoices):
    """What people made of a group, and what became of it since."""

    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"
    RESOLVED_IN_RELEASE = "resolved_in_release"
    IGNORED = "ignored"
    REGRESSED = "regressed"


class ErrorKind(models.TextChoices):
    """What an error is seen by."""

    EXCEPTION = "exception"
    RESPONSE = "response"
    LOG = "log"


class ErrorGroup(models.Model):
    """Errors of one cause.

    Attributes:
        category: Member of `ErrorType` that its errors are classified as.
        name: What failed first: method and route, a task, or a logger.
        culprit: The function that is to be looked at: module and qualified name.
        created: When the row was made: a first error that waited for Redis was long before that.
        count: Occurrences since ever, exact.
        users: Users that it met: exact up to 1,000, then estimated from `users_sketch`.
        resolved_release: With `resolved_in_release`: in which release it is resolved; empty for the next that is seen.
        ignored_until: With `ignored`: until when.
        ignored_count: With `ignored`: until `count`, with that of its members, is this.
        ignored_rate: With `ignored`: until it occurs so often within `ignored_rate_minutes`.
        status_at: When the status last changed; None while nobody and nothing changed it.
        bug_state: `candidate` when an error of it may have a bug, `wanted` when one is to be filed, `filed` when there
            is one, `never` when only people may want one, empty while there is no reason.
    """

    service = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=10, choices=ErrorKind.choices, default=ErrorKind.EXCEPTION)
    title = models.CharField(max_length=300, blank=True, default="")
    error_type = models.CharField(max_length=200, blank=True, default="")
    exception_type = models.CharField(max_length=200, blank=True, default="")
    category = models.CharField(max_length=40, blank=True, default="")
    severity = models.CharField(max_length=10, blank=True, default="")
    status_code = models.IntegerField(default=0)
    name = models.CharField(max_length=200, blank=True, default="")
    culprit = models.CharField(max_length=300, blank=True, default="")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    first_release = models.CharField(max_length=200, blank=True, default="")
    last_release = models.CharField(max_length=200, blank=True, default="")
    created = models.DateTimeField(null=True, editable=False, db_index=True)
    environment = models.CharField(max_length=50, blank=True, default="")
    count = models.BigIntegerField(default=0)
    users = models.IntegerField(default=0)
    users_sketch = models.BinaryField(null=True, editable=False)
    status = models.CharField(max_length=20, choices=GroupStatus.choices, default=GroupStatus.UNRESOLVED)
    status_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_release = models.CharField(max_length=200, blank=True, default="")
    ignored_until = models.DateTimeField(null=True, blank=True)
    ignored_count = models.BigIntegerField(null=True, blank=True)
    ignored_rate = models.IntegerField(null=True, blank=True)
    ignored_rate_minutes = models.IntegerField(null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="members", db_index=False
    )
    bug_state = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        ordering = ["-last_seen", "-id"]
        indexes = [
            models.Index(fields=["-last_seen", "-id"], name="monitoring_group_seen"),
            models.Index(fields=["-count", "-id"], name="monitoring_group_count"),
            models.Index(fields=["status", "-last_seen"], name="monitoring_group_status"),
            # Of members alone: in the order of an index of all, lists of roots would have to be sorted.
            models.Index(
                fields=["merged_into"], name="monitoring_group_members", condition=Q(merged_into__isnull=False)
            ),
            models.Index(fields=["bug_state"], name="monitoring_group_bug", condition=Q(bug_state="wanted")),
            models.Index(fields=["ignored_until"], name="monitoring_group_ignored", condition=Q(status="ignored")),
            models.Index(fields=["service", "first_seen"], name="monitoring_group_first_seen"),
        ]
        constraints = [
            # Lists show roots: one that were its own member would be found by nobody.
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")), name="monitoring_group_not_its_own_member"
            )
        ]

    def __str__(self) -> str:
        return self.title


class GroupFingerprint(models.Model):
    """Which group a fingerprint is of; a group has several when algorithms or rules changed."""

    service = models.CharField(max_length=200, blank=True, default="")
    fingerprint = models.CharField(max_length=64)
    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="fingerprints")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "fingerprint"], name="monitoring_fingerprint_once")]

    def __str__(self) -> str:
        return self.fingerprint


class GroupHour(models.Model):
    """How often errors of a group occurred in an hour; `hour` counts hours since the epoch."""

    pk = models.CompositePrimaryKey("group_id", "hour")
    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="hours")
    hour = models.IntegerField(db_index=True)
    count = models.BigIntegerField(default=0)


class GroupUser(models.Model):
    """A user that a group met, until there are so many that they are estimated."""

    pk = models.CompositePrimaryKey("group_id", "user")
    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="affected")
    user = models.CharField(max_length=64)


class GroupRelease(models.Model):
    """A release in which a group occurred."""

    pk = models.CompositePrimaryKey("group_id", "release")
    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="releases")
    release = models.CharField(max_length=200)
    count = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField()


class Release(models.Model):
    """A release of a service, known since its first error: the order of releases is that of `first_seen`."""

    service = models.CharField(max_length=200, blank=True, default="")
    release = models.CharField(max_length=200)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "release"], name="monitoring_release_once")]

    def __str__(self) -> str:
        return self.release


class EntryKind(models.TextChoices):
    """What an entry of a group's history tells."""

    COMMENT = "comment"
    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    IGNORED = "ignored"
    REGRESSED = "regressed"
    IGNORE_ENDED = "ignore_ended"
    ASSIGNED = "assigned"
    MERGED = "merged"
    UNMERGED = "unmerged"


class GroupEntry(models.Model):
    """One entry of a group's history: what people said and decided, and what came of it.

    Attributes:
        user: Who it was, while that user exists.
        who: That user's name, which stays; `Enginel` where nobody did it.
        detail: What belongs to the kind: a comment's `text`, the `release`, `groups` that were merged, …
    """

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="entries", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=EntryKind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    who = models.CharField(max_length=150, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["group", "-at", "-id"], name="monitoring_entry_group")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.who}"
