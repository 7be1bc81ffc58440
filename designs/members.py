"""People come to an organization, change their role in it, and leave.

Each change is made under the organization's lock: the number of seats, and that somebody owns it, hold whoever else
changes something at the same time.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError

from . import limits
from .access import expect_cleared, expect_role
from .exceptions import raise_permission_error
from .models import Invitation, Membership, Organization, Role, User


def found(user: User, **about: Any) -> Organization:
    """Found an organization that a user owns.

    Raises:
        OrganizationLimitExceeded: The user owns as many as one may.
        ITARViolation: It would be closed to its founder.
        ClearanceLevelInsufficient: It would be closed to its founder.
    """
    expect_cleared(user, Organization(**about))
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        owned = user.memberships.filter(role=Role.OWNER, organization__personal_of__isnull=True)
        limits.expect_room_for_owned(owned.count())
        made = Organization.objects.create(**about)
        Membership.objects.create(organization=made, user=user, role=Role.OWNER)
    return made


def invite(organization: Organization, by: User, username: str, role: Role) -> Invitation:
    """Ask somebody to join, by user name, whether there is such a user or not.

    Raises:
        InsufficientPermissions: The one who asks is no admin, or below the role that is offered.
        UserLimitExceeded: There is no seat left.
        ValidationError: The person is a member, or was asked already.
    """
    username = User.normalize_username(username)
    with transaction.atomic():
        organization = Organization.objects.lock(organization.pk)
        _expect_above(by, organization, role)
        organization.invitations.filter(expires__lte=timezone.now()).delete()
        if organization.memberships.filter(user__username=username).exists():
            raise ValidationError({"username": ["This is a member already."]})
        if organization.invitations.filter(username=username).exists():
            raise ValidationError({"username": ["There is an invitation already."]})
        limits.expect_seat(organization, organization.seats_taken())
        return organization.invitations.create(username=username, role=role, invited_by=by)


def withdraw(organization: Organization, by: User, invitation_id: int) -> None:
    """Take an invitation back.

    Raises:
        InsufficientPermissions: The one who does is no admin.
        NotFound: There is no such invitation.
    """
    expect_role(by, organization.pk, Role.ADMIN)
    if not organization.invitations.filter(pk=invitation_id).delete()[0]:
        raise NotFound("There is no such invitation.")


def invitations_to(user: User) -> QuerySet[Invitation]:
    """Return the invitations that a user can accept."""
    return Invitation.objects.filter(username=user.username, expires__gt=timezone.now()).select_related("organization")


def accept(user: User, invitation_id: int) -> Membership:
    """Make who was asked a member.

    Raises:
        NotFound: There is no such invitation to this user, or no longer.
        ITARViolation: The organization is open to US persons only.
        ClearanceLevelInsufficient: The organization needs a higher clearance.
        UserLimitExceeded: There is no seat left; its limit was lowered meanwhile.
    """
    with transaction.atomic():
        invitation = invitations_to(user).filter(pk=invitation_id).first()
        if invitation is None:
            raise NotFound("There is no such invitation.")
        organization = Organization.objects.lock(invitation.organization_id)
        expect_cleared(user, organization)
        limits.expect_seat(organization, organization.memberships.count())
        # Who was faster has deleted it: the row count is the verdict.
        if not invitations_to(user).filter(pk=invitation_id).delete()[0]:
            raise NotFound("There is no such invitation.")
        membership, _ = organization.memberships.get_or_create(user=user, defaults={"role": invitation.role})
        return membership


def decline(user: User, invitation_id: int) -> None:
    """Refuse an invitation.

    Raises:
        NotFound: There is no such invitation to this user.
    """
    if not Invitation.objects.filter(username=user.username, pk=invitation_id).delete()[0]:
        raise NotFound("There is no such invitation.")


def change_role(organization: Organization, by: User, user_id: int, role: Role) -> Membership:
    """Give a member another role.

    Raises:
        InsufficientPermissions: The one who gives is no admin, or below the role, or below the member.
        NotFound: There is no such member.
        ValidationError: Nobody would own the organization any more.
    """
    with transaction.atomic():
        organization, membership = _member(organization, user_id)
        _expect_above(by, organization, role, Role(membership.role))
        if role is not Role.OWNER:
            _expect_another_owner(organization, membership)
        membership.role = role
        membership.save(update_fields=["role"])
    return membership


def remove(organization: Organization, by: User, user_id: int) -> None:
    """End a membership; everybody may leave by themselves.

    Raises:
        InsufficientPermissions: The one who ends it is no admin, or below the member.
        NotFound: There is no such member.
        ValidationError: Nobody would own the organization any more.
    """
    with transaction.atomic():
        organization, membership = _member(organization, user_id)
        if by.pk != user_id:
            _expect_above(by, organization, Role(membership.role))
        _expect_another_owner(organization, membership)
        membership.delete()


def _member(organization: Organization, user_id: int) -> tuple[Organization, Membership]:
    organization = Organization.objects.lock(organization.pk)
    membership = organization.memberships.select_related("user").filter(user_id=user_id).first()
    if membership is None:
        raise NotFound("There is no such member.")
    return organization, membership


def _expect_above(by: User, organization: Organization, *roles: Role) -> None:
    """Check that somebody is an admin, and not below any of these roles."""
    own = expect_role(by, organization.pk, Role.ADMIN)
    for role in roles:
        if not own.covers(role):
            raise_permission_error(required_role=role.value, current_role=own.value)


def _expect_another_owner(organization: Organization, leaving: Membership) -> None:
    if organization.personal_of_id == leaving.user_id:
        raise ValidationError({"user": ["This is their own organization."]})
    if leaving.role != Role.OWNER:
        return
    others = organization.memberships.filter(role=Role.OWNER).exclude(pk=leaving.pk)
    if not others.exists():
        raise ValidationError({"user": ["An organization needs an owner."]})
