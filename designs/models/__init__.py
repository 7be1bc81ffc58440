"""The tables of the monitored service, and every change of state their rows can make."""

from .controls import Clearance, Controlled
from .design import LEASE, MAX_ATTEMPTS, Design, DesignQuerySet, Failure, Format, Status, _storage_path
from .members import INVITATION_DAYS, Invitation, Membership, Role
from .organizations import Organization, OrganizationQuerySet
from .orphans import Orphan
from .series import Series
from .users import User

__all__ = [
    "INVITATION_DAYS",
    "LEASE",
    "MAX_ATTEMPTS",
    "Clearance",
    "Controlled",
    "Design",
    "DesignQuerySet",
    "Failure",
    "Format",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationQuerySet",
    "Orphan",
    "Role",
    "Series",
    "Status",
    "User",
    "_storage_path",
]
