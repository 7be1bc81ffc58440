"""Who belongs to an organization, in which role, and who is asked to join."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

INVITATION_DAYS = 7


class Role(models.TextChoices):
    """What a member may do; each may do what those below may, too."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    EDITOR = "EDITOR"
    VIEWER = "VIEWER"

    def covers(self, required: Role) -> bool:
        """Say whether this role may do what another is required for."""
        ranked = list(Role)
        return ranked.index(self) <= ranked.index(required)


class Membership(models.Model):
    """One person in one organization."""

    organization = models.ForeignKey("designs.Organization", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    joined = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["joined", "pk"]
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="member_once_per_organization")]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id}"


def _in_some_days() -> datetime:
    return timezone.now() + timedelta(days=INVITATION_DAYS)


class Invitation(models.Model):
    """Somebody is asked to join, by user name: whether there is such a user is not told to who asks."""

    organization = models.ForeignKey("designs.Organization", on_delete=models.CASCADE, related_name="invitations")
    username = models.CharField(max_length=150, db_index=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(default=_in_some_days)

    class Meta:
        ordering = ["created", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "username"], name="invited_once_per_organization")
        ]

    def __str__(self) -> str:
        return f"{self.username} as {self.role}"
