"""Writing the history of groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from .models import EntryKind, GroupEntry

MACHINE = "Enginel"
"""Who did what nobody did."""
_MAX_NAME = 150


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


def write(entries: Iterable[GroupEntry], alias: str) -> None:
    """Store entries in one statement.

    Args:
        entries: What to store.
        alias: The database, inside of the caller's transaction.
    """
    GroupEntry.objects.using(alias).bulk_create(entries)
