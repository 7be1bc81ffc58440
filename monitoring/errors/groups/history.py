"""Writing the history of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from monitoring.storage import trail

from .models import EntryKind, GroupEntry

MACHINE = "Enginel"
"""Who did what nobody did."""
_MAX_NAME = 150
_TOLD = 50
"""Groups that an entry of the journal names."""
_VERBS: dict[str, str] = {
    EntryKind.COMMENT: "comment",
    EntryKind.RESOLVED: "resolve",
    EntryKind.UNRESOLVED: "unresolve",
    EntryKind.IGNORED: "ignore",
    EntryKind.ASSIGNED: "assign",
    EntryKind.MERGED: "merge",
    EntryKind.UNMERGED: "unmerge",
}


def entry(
    group_id: int,
    kind: EntryKind,
    at: datetime,
    user: AbstractBaseUser | None = None,
    detail: Mapping[str, Any] | None = None,
) -> GroupEntry:
    """Return an entry that is not stored yet.

    Args:
        group_id: Whose history it belongs to.
        kind: What it tells.
        at: When it happened.
        user: Who did it; None for Enginel itself.
        detail: What else is to be known, as JSON.
    """
    who = MACHINE if user is None else user.get_username()[:_MAX_NAME]
    return GroupEntry(
        group_id=group_id,
        kind=kind,
        at=at,
        user_id=None if user is None else user.pk,
        who=who,
        detail=dict(detail or {}),
    )


def write(entries: Sequence[GroupEntry], alias: str) -> None:
    """Store entries in one statement, and tell of what a person did: once, however many groups it was done to.

    Args:
        entries: What to store.
        alias: The database, inside of the caller's transaction.
    """
    GroupEntry.objects.using(alias).bulk_create(entries)
    by_people = [one for one in entries if one.user_id is not None]
    if by_people:
        first = by_people[0]
        said = {"groups": [one.group_id for one in by_people[:_TOLD]], "number": len(by_people), **first.detail}
        deed = trail.Deed(
            f"error_group.{_VERBS[first.kind]}",
            "error_group",
            str(first.group_id),
            actor=first.who,
            user_id=str(first.user_id),
            details=said,
        )
        trail.tell(deed, alias)
