"""Organizations: whose designs, series and part numbers are, and how much of each there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from .controls import Controlled
from .members import Invitation, Membership, Role

if TYPE_CHECKING:
    from .users import User

DEFAULT_STORAGE_QUOTA = 10 * 10**9
_NAME_LENGTH = 200


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Which organizations."""

    def visible_to(self, user: Any) -> OrganizationQuerySet:
        """Those a user belongs to; to staff, all."""
        return self if user.is_staff else self.filter(memberships__user_id=user.pk)

    def personal(self, user: User) -> Organization:
        """Return a user's own organization; users that were not saved one by one get it here."""
        return self.filter(personal_of_id=user.pk).first() or self.found(user)

    def found(self, user: User) -> Organization:
        """Found a user's own organization, once however many do it at the same time."""
        with transaction.atomic():
            made, is_new = self.get_or_create(personal_of_id=user.pk, defaults={"name": user.username})
            if is_new:
                Membership.objects.create(organization=made, user_id=user.pk, role=Role.OWNER)
        return made

    def lock(self, pk: int) -> Organization:
        """Return an organization that nobody else adds anything to until this transaction ends.

        SQLite's immediate transactions are alone anyway. Others may go on to refer to the row.
        """
        return self.select_for_update(no_key=True).get(pk=pk)


class Organization(Controlled):
    """A company, a team, or one person alone.

    What it uses is added up from rows under its lock, not kept as a number of its own: an upload that dies half-way
    takes nothing, and whatever deletes rows gives back what they took.
    """

    name = models.CharField(max_length=_NAME_LENGTH)
    personal_of = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="personal_organization"
    )
    storage_quota = models.PositiveBigIntegerField(
        default=DEFAULT_STORAGE_QUOTA, help_text="How many bytes its files may take."
    )
    max_users = models.PositiveIntegerField(default=50, help_text="How many members and open invitations it may have.")
    max_designs = models.PositiveIntegerField(default=100_000)
    max_series = models.PositiveIntegerField(default=10_000)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def storage_used(self) -> int:
        """Return how many bytes its files take."""
        return self.designs.aggregate(used=Sum("size"))["used"] or 0

    def seats_taken(self) -> int:
        """Return how many members it has, and people who may still become members."""
        return self.memberships.count() + self.open_invitations().count()

    def open_invitations(self) -> QuerySet[Invitation]:
        """Return the invitations that can still be accepted."""
        return self.invitations.filter(expires__gt=timezone.now())
