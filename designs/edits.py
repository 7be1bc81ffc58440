"""Changing what people say about a design, and deleting it."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError

from . import part_numbers, stored
from .access import expect_cleared, expect_role, reread
from .models import Design, Role

_CONTROLS = {"itar", "clearance"}


def edit(design: Design, user: Any, values: dict[str, Any]) -> None:
    """Change some fields of a design, and its row.

    Args:
        design: A design that the user may open.
        user: Who changes it.
        values: New values of `name`, `part_number`, `itar`, `clearance`.

    Raises:
        InsufficientPermissions: The user's role does not suffice.
        ITARViolation: The user could not open it afterwards.
        ClearanceLevelInsufficient: The user could not open it afterwards.
        DuplicatePartNumber: Another design of the organization has the part number.
        ValidationError: The design is finalized.
        NotFound: The design was deleted meanwhile.
    """
    expect_role(user, design.organization_id, Role.ADMIN if _CONTROLS & values.keys() else Role.EDITOR)
    expect_cleared(user, Design(**{name: value for name, value in values.items() if name in _CONTROLS}))
    if not values:
        return
    with part_numbers.once(values.get("part_number")):
        changed = design.describe(**values)
    reread(design, *values, "updated")
    if not changed:
        raise ValidationError({name: ["The design is finalized."] for name in values})


def delete(design: Design, user: Any) -> None:
    """Delete a design and its file; its part number and its storage are free again.

    Raises:
        InsufficientPermissions: It is neither the user's own and still open, nor is the user an admin.
    """
    own = design.owner_id == user.pk and design.finalized is None
    expect_role(user, design.organization_id, Role.EDITOR if own else Role.ADMIN)
    # Somebody may finalize it meanwhile: whoever deletes as its owner deletes it only as long as it is open.
    rows = Design.objects.filter(pk=design.pk)
    deleted, _ = (rows.filter(finalized__isnull=True) if own else rows).delete()
    if deleted:
        stored.remove(design)
    elif rows.exists():
        expect_role(user, design.organization_id, Role.ADMIN)
        rows.delete()
        stored.remove(design)
