"""Who may do what: roles in organizations, export control and clearance.

An outsider is told that a design or an organization does not exist: ids are not to be probed. A member who may not open
a single design is told why, because they know that the organization has designs, and need to know whom to ask; lists
leave it out, so that not even its name is seen. Staff see everything; to change something they need a role like others.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound

from .exceptions import ClearanceLevelInsufficient, ITARViolation, raise_permission_error
from .models import Clearance, Controlled, Design, Membership, Organization, Role


def role_in(user: Any, organization_id: int) -> Role | None:
    """Return a user's role in an organization, None for an outsider."""
    role = Membership.objects.filter(user_id=user.pk, organization_id=organization_id).values_list("role", flat=True)
    return Role(role[0]) if role else None


def expect_role(user: Any, organization_id: int, required: Role) -> Role:
    """Return a user's role, if it covers what is required.

    Raises:
        InsufficientPermissions: It does not.
    """
    role = role_in(user, organization_id)
    if role is None or not role.covers(required):
        raise_permission_error(required_role=required.value, current_role=role.value if role else None)
    return role


def expect_cleared(user: Any, *things: Controlled) -> None:
    """Check that a user may see technical data of these.

    Raises:
        ITARViolation: One is open to US persons only, and the user is not known as one.
        ClearanceLevelInsufficient: One needs a higher clearance.
    """
    if user.is_staff:
        return
    if any(thing.itar for thing in things) and not user.us_person:
        raise ITARViolation
    required = max(thing.clearance for thing in things)
    if user.clearance < required:
        names = {"required": Clearance(required).name.lower(), "current": Clearance(user.clearance).name.lower()}
        raise ClearanceLevelInsufficient(
            f"This needs the clearance {names['required']}; yours is {names['current']}.", details=names
        )


def open_organization(user: Any, pk: int, required: Role = Role.VIEWER) -> Organization:
    """Return an organization that a user may see, and in which they have a role.

    Raises:
        NotFound: There is none, as far as the user may know.
        InsufficientPermissions: The role does not suffice.
    """
    found = Organization.objects.visible_to(user).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such organization.")
    if required is not Role.VIEWER:
        expect_role(user, found.pk, required)
    return found


def open_design(user: Any, pk: UUID, required: Role = Role.VIEWER) -> Design:
    """Return a design that a user may open, and in whose organization they have a role.

    Raises:
        NotFound: There is none, as far as the user may know.
        ITARViolation: It is open to US persons only.
        ClearanceLevelInsufficient: It needs a higher clearance.
        InsufficientPermissions: The role does not suffice.
    """
    found = Design.objects.known_to(user).select_related("organization").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such design.")
    expect_cleared(user, found, found.organization)
    if required is not Role.VIEWER:
        expect_role(user, found.organization_id, required)
    return found


def reread(design: Design, *fields: str) -> None:
    """Read fields of a design again.

    Raises:
        NotFound: It was deleted meanwhile.
    """
    try:
        design.refresh_from_db(fields=fields)
    except Design.DoesNotExist as error:
        raise NotFound("There is no such design.") from error
