"""Bugs follow what becomes of their groups.

Whoever changes the status of groups calls this inside of the same transaction, with the groups locked. A bug of a group
that was merged into another follows the root, as the group itself does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from django.db.models import Case, F, Max, Q, Sum, When

from monitoring.errors.groups.models import ErrorGroup

from .models import BugStatus, KnownBug, KnownBugQuerySet


def group_resolved(group_ids: Collection[int], alias: str) -> int:
    """Resolve the open bugs of groups that were resolved, at once or in a release.

    Args:
        group_ids: Roots.
        alias: The database, inside of the caller's transaction.

    Returns:
        How many bugs it changed.
    """
    now = datetime.now(UTC)
    bugs = _of(group_ids, alias).filter(status=BugStatus.OPEN)
    return bugs.update(status=BugStatus.RESOLVED, resolved_at=now, modified=now)


def group_reopened(group_ids: Collection[int], alias: str) -> int:
    """Open the resolved bugs of groups that somebody called unresolved. Their issues are left to that somebody.

    Args:
        group_ids: Roots.
        alias: The database, inside of the caller's transaction.

    Returns:
        How many bugs it changed.
    """
    bugs = _of(group_ids, alias).filter(status=BugStatus.RESOLVED)
    return bugs.update(status=BugStatus.OPEN, resolved_at=None, modified=datetime.now(UTC))


def group_regressed(group_ids: Collection[int], alias: str) -> int:
    """Open the resolved bugs of groups whose errors came back; their issues are to be reopened, with a comment.

    Args:
        group_ids: Roots.
        alias: The database, inside of the caller's transaction.

    Returns:
        How many bugs it changed.
    """
    now = datetime.now(UTC)
    told = Case(When(issue_key="", then=F("issue_due")), default=now)
    return (
        _of(group_ids, alias)
        .filter(status=BugStatus.RESOLVED)
        .update(
            status=BugStatus.OPEN,
            resolved_at=None,
            regressions=F("regressions") + 1,
            issue_due=told,
            modified=now,
        )
    )


def recount(group_ids: Iterable[int], alias: str) -> None:
    """Count the occurrences of bugs anew, after groups were merged or taken apart.

    Args:
        group_ids: Groups that were merged, and those that they were merged into.
        alias: The database, inside of the caller's transaction. All members are locked, so that no drain that counts
            one of them goes on beside.
    """
    wanted = set(group_ids)
    groups = ErrorGroup.objects.using(alias)
    bugs = list(KnownBug.all_objects.using(alias).filter(group_id__in=wanted).order_by("pk"))
    ids = [bug.group_id for bug in bugs]
    members = groups.filter(Q(pk__in=ids) | Q(merged_into__in=ids)).order_by("pk")
    list(members.select_for_update().values_list("pk"))
    for bug in bugs:
        own = groups.filter(Q(pk=bug.group_id) | Q(merged_into=bug.group_id))
        sums = own.aggregate(count=Sum("count"), last=Max("last_seen"))
        KnownBug.all_objects.using(alias).filter(pk=bug.pk).update(
            occurrence_count=sums["count"], last_occurrence=sums["last"]
        )


def _of(group_ids: Collection[int], alias: str) -> KnownBugQuerySet:
    of_root = Q(group_id__in=group_ids) | Q(group__merged_into__in=group_ids)
    return KnownBug.all_objects.using(alias).filter(of_root)
