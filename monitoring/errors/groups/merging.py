"""Merging groups that turn out to be of one cause, and taking that back.

A merge moves nothing: members point to their root, and readers add them up. There are two levels and no more, so that
merging a root takes its members along.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F

from monitoring.errors.bugs import lifecycle

from . import history, locking
from .models import EntryKind, ErrorGroup
from .verdicts import RESOLVED

_DECISIONS = (
    "status",
    "status_at",
    "resolved_at",
    "resolved_release",
    "ignored_until",
    "ignored_count",
    "ignored_rate",
    "ignored_rate_minutes",
    "assignee",
)
"""What people decide of a root, which its members have in common."""


def merge(root_id: int, group_ids: Collection[int], user: AbstractBaseUser | None) -> int:
    """Merge groups into one; what is decided about that one holds for all of them from now on.

    Args:
        root_id: The group that they are merged into; where it is merged into another itself, it is that one.
        group_ids: The others. Those that are merged into it already stay as they are.
        user: Who merges them.

    Returns:
        The group that they are merged into.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One is of another service, or merged into a third group; or they are merged in three levels.
    """

    def work(alias: str) -> int:
        groups = locking.families({root_id, *group_ids}, alias)
        target = groups[groups[root_id].merged_into_id or root_id]
        if target.merged_into_id is not None:
            raise locking.RefusedError(
                f"Group {target.pk} has members and is merged into group {target.merged_into_id}: unmerge it first."
            )
        joining = [groups[pk] for pk in sorted(set(group_ids)) if target.pk not in (pk, groups[pk].merged_into_id)]
        for group in joining:
            _check(group, target)
        if joining:
            _join(target, joining, groups.values(), user, alias)
        return target.pk

    return locking.transact(work)


def unmerge(root_id: int, group_ids: Collection[int], user: AbstractBaseUser | None) -> list[int]:
    """Take members out of a group: each has again what was counted of it alone, before and since.

    What was decided about them together goes on to hold for both: the status with its conditions, and the assignee.

    Args:
        root_id: The group that they are merged into.
        group_ids: The members. Those that are merged into no group stay as they are.
        user: Who takes them out.

    Returns:
        The groups that this changed.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One of them is merged into another group.
    """

    def work(alias: str) -> list[int]:
        groups = locking.families({root_id, *group_ids}, alias)
        leaving = [groups[pk] for pk in sorted(set(group_ids)) if groups[pk].merged_into_id is not None]
        for group in leaving:
            if group.merged_into_id != root_id:
                raise locking.RefusedError(f"Group {group.pk} is merged into group {group.merged_into_id}.")
        if leaving:
            _leave(groups[root_id], leaving, user, alias)
        return [group.pk for group in leaving]

    return locking.transact(work)


def _check(group: ErrorGroup, target: ErrorGroup) -> None:
    if group.merged_into_id is not None:
        raise locking.RefusedError(
            f"Group {group.pk} is merged into group {group.merged_into_id}: merge that one, or unmerge it first."
        )
    if group.service != target.service:
        raise locking.RefusedError(
            f'Group {group.pk} is of the service "{group.service}" and group {target.pk} of "{target.service}": '
            "only groups of one service can be merged."
        )


def _join(
    target: ErrorGroup,
    joining: Sequence[ErrorGroup],
    locked: Collection[ErrorGroup],
    user: AbstractBaseUser | None,
    alias: str,
) -> None:
    pks = [group.pk for group in joining]
    moving = [group for group in locked if group.pk in pks or group.merged_into_id in pks]
    rows = ErrorGroup.objects.using(alias)
    rows.filter(pk__in=[group.pk for group in moving]).update(merged_into=target.pk)
    # What has occurred before does not count for the end of ignoring: it waits for as many more as it did.
    added = sum(group.count for group in moving)
    rows.filter(pk=target.pk, ignored_count__isnull=False).update(ignored_count=F("ignored_count") + added)
    now = datetime.now(UTC)
    entries = [history.entry(target.pk, EntryKind.MERGED, now, user, {"groups": pks})]
    entries += [history.entry(pk, EntryKind.MERGED, now, user, {"into": target.pk}) for pk in pks]
    history.write(entries, alias)
    _follow(target, joining, alias)
    lifecycle.recount([target.pk, *(group.pk for group in moving)], alias)


def _follow(target: ErrorGroup, joining: Sequence[ErrorGroup], alias: str) -> None:
    """Let the bugs of those that join follow the status that they have now."""
    resolved = target.status in RESOLVED
    others = [group.pk for group in joining if (group.status in RESOLVED) is not resolved]
    if others and resolved:
        lifecycle.group_resolved(others, alias)
    elif others:
        lifecycle.group_reopened(others, alias)


def _leave(root: ErrorGroup, leaving: Sequence[ErrorGroup], user: AbstractBaseUser | None, alias: str) -> None:
    stays = root.ignored_count
    for group in leaving:
        for name in _DECISIONS:
            setattr(group, name, getattr(root, name))
        group.merged_into = None
    if stays is not None:
        # Each waits for as many more as they waited for together.
        rest = _rest(root, alias)
        for group in leaving:
            group.ignored_count = group.count + rest
        stays -= sum(group.count for group in leaving)
    rows = ErrorGroup.objects.using(alias)
    rows.bulk_update(leaving, ["merged_into", *_DECISIONS])
    rows.filter(pk=root.pk).update(ignored_count=stays)
    pks, now = [group.pk for group in leaving], datetime.now(UTC)
    entries = [history.entry(root.pk, EntryKind.UNMERGED, now, user, {"groups": pks})]
    entries += [history.entry(pk, EntryKind.UNMERGED, now, user, {"from": root.pk}) for pk in pks]
    history.write(entries, alias)
    lifecycle.recount([root.pk, *pks], alias)


def _rest(root: ErrorGroup, alias: str) -> int:
    """Return how many more occurrences of a root and its members end that it is ignored."""
    members = ErrorGroup.objects.using(alias).filter(merged_into=root.pk).values_list("count", flat=True)
    return max((root.ignored_count or 0) - root.count - sum(members), 1)
