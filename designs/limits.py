"""How much an organization may have. Each check is made under the organization's lock, and counts rows."""

from __future__ import annotations

from django.db.models import Count, Sum

from .exceptions import OrganizationLimitExceeded, StorageQuotaExceeded, UserLimitExceeded
from .models import Organization

MAX_OWNED = 10
"""Organizations a person may found beside their own: each comes with a quota."""


def expect_room_for_design(organization: Organization, size: int) -> None:
    """Check that a file of this many bytes may be added.

    Raises:
        OrganizationLimitExceeded: There are as many designs as may be.
        StorageQuotaExceeded: There is not so much storage left.
    """
    found = organization.designs.aggregate(count=Count("pk"), used=Sum("size"))
    _expect_below(found["count"], organization.max_designs, "designs")
    used = found["used"] or 0
    if used + size > organization.storage_quota:
        raise StorageQuotaExceeded(
            f"The file takes {size} bytes; {max(organization.storage_quota - used, 0)} are left.",
            details={"size": size, "used": used, "quota": organization.storage_quota},
        )


def expect_room_for_series(organization: Organization) -> None:
    """Check that a series may be added.

    Raises:
        OrganizationLimitExceeded: There are as many as may be.
    """
    _expect_below(organization.series.count(), organization.max_series, "series")


def expect_room_for_owned(owned: int) -> None:
    """Check that a person who has founded this many organizations may found another.

    Raises:
        OrganizationLimitExceeded: They may not.
    """
    _expect_below(owned, MAX_OWNED, "organizations")


def expect_seat(organization: Organization, taken: int) -> None:
    """Check that there is room for one more than those who have a seat already.

    Raises:
        UserLimitExceeded: There is none.
    """
    if taken >= organization.max_users:
        raise UserLimitExceeded(
            f"The organization may have {organization.max_users} users, those invited included.",
            details={"users": taken, "limit": organization.max_users},
        )


def _expect_below(count: int, limit: int, resource: str) -> None:
    if count >= limit:
        raise OrganizationLimitExceeded(
            f"There may be {limit} {resource}, and there are.",
            details={"resource": resource, "count": count, "limit": limit},
        )
