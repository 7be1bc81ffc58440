"""What people decide about bugs is decided about their groups, too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import router, transaction

from monitoring.errors.groups import actions
from monitoring.errors.groups.models import GroupStatus
from monitoring.storage import trail

from .models import BugStatus, KnownBug, KnownBugQuerySet

_RESOLVED = (GroupStatus.RESOLVED, GroupStatus.RESOLVED_IN_RELEASE)


def resolve(bugs: Sequence[KnownBug], user: AbstractBaseUser | None) -> int:
    """Call bugs resolved, and their groups with them: an occurrence from now on opens them again.

    Args:
        bugs: The bugs; those that are resolved stay as they are.
        user: Who decides it; None for Enginel itself.

    Returns:
        How many bugs it changed.

    Raises:
        UnknownGroupError: A group went away meanwhile.
        RefusedError: A group was merged into another one meanwhile.
    """
    open_ones = [bug for bug in bugs if bug.status == BugStatus.OPEN]
    if roots := _roots(open_ones):
        actions.resolve(roots, user)
    rows = _rows(open_ones)
    with transaction.atomic(using=rows.db):
        rows.filter(status=BugStatus.OPEN).update(status=BugStatus.RESOLVED, resolved_at=_now(), modified=_now())
        _tell("bug.resolve", open_ones, user, rows.db)
    return len(open_ones)


def reopen(bugs: Sequence[KnownBug], user: AbstractBaseUser | None) -> int:
    """Call bugs open again, and their groups unresolved; arguments, result and exceptions are those of `resolve`."""
    closed = [bug for bug in bugs if bug.status == BugStatus.RESOLVED]
    if roots := _roots([bug for bug in closed if _group_is_resolved(bug)]):
        actions.unresolve(roots, user)
    rows = _rows(closed)
    with transaction.atomic(using=rows.db):
        rows.filter(status=BugStatus.RESOLVED).update(status=BugStatus.OPEN, resolved_at=None, modified=_now())
        _tell("bug.reopen", closed, user, rows.db)
    return len(closed)


def _tell(action: str, bugs: Sequence[KnownBug], user: AbstractBaseUser | None, alias: str) -> None:
    for bug in bugs:
        who = "" if user is None else user.get_username()
        trail.tell(trail.Deed(action, "bug", bug.bug_id, actor=who, details={"title": bug.title}), alias)


def _roots(bugs: Sequence[KnownBug]) -> list[int]:
    groups = [bug.group for bug in bugs if bug.group is not None]
    return sorted({group.merged_into_id or group.pk for group in groups})


def _group_is_resolved(bug: KnownBug) -> bool:
    return bug.group is not None and (bug.group.merged_into or bug.group).status in _RESOLVED


def _rows(bugs: Sequence[KnownBug]) -> KnownBugQuerySet:
    return KnownBug.all_objects.using(router.db_for_write(KnownBug)).filter(pk__in=[bug.pk for bug in bugs])


def _now() -> datetime:
    return datetime.now(UTC)
