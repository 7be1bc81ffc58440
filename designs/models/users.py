"""Who uses designs. The model is ours from the first migration on, because Django cannot swap it later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction

from .controls import Clearance

if TYPE_CHECKING:
    from .organizations import Organization, OrganizationQuerySet


class User(AbstractUser):
    """A person, with what staff have verified about them, and the organization they work in at present."""

    us_person = models.BooleanField("US person", default=False, help_text="Verified: may see what is under ITAR.")
    clearance = models.PositiveSmallIntegerField(
        choices=Clearance.choices, default=Clearance.UNCLASSIFIED, help_text="Verified: up to what the person may see."
    )
    current_organization = models.ForeignKey(
        "designs.Organization", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new user gets an organization of their own in the same transaction."""
        if not self._state.adding:
            super().save(*args, **kwargs)
            return
        with transaction.atomic(using=kwargs.get("using")):
            super().save(*args, **kwargs)
            self._organizations().found(self)

    @property
    def organization(self) -> Organization:
        """The organization in which the user works: the one they chose while they are a member of it, or their own."""
        organizations = self._organizations()
        if self.current_organization_id is not None:
            chosen = organizations.filter(pk=self.current_organization_id, memberships__user_id=self.pk).first()
            if chosen is not None:
                return chosen
        return organizations.personal(self)

    def _organizations(self) -> OrganizationQuerySet:
        from .organizations import Organization

        return Organization.objects.all()
