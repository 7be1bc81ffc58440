"""What people decide about groups. Deciding the same again changes nothing, and is not written down again.

A decision locks its groups, so that it comes either before or after a drain that counts their occurrences; what was
decided and what it means for bugs is stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet, Sum

from monitoring.errors.bugs import lifecycle

from . import history, locking
from .models import EntryKind, ErrorGroup, GroupEntry, GroupStatus, Release

MAX_COMMENT = 10_000
_CONDITIONS = ("ignored_until", "ignored_count", "ignored_rate", "ignored_rate_minutes")
_NOTHING_DECIDED: dict[str, Any] = {
    "resolved_at": None,
    "resolved_release": "",
    **dict.fromkeys(_CONDITIONS),
}


@dataclass(frozen=True)
class Ignoring:
    """Until when a group is ignored: until one of these comes about, or for good where none is given.

    Attributes:
        until: Until this time.
        count: Until it occurred so many times more.
        rate: Until it occurred so many times within `minutes`, from now on.
    """

    until: datetime | None = None
    count: int | None = None
    rate: int | None = None
    minutes: int | None = None


def resolve(group_ids: Collection[int], user: AbstractBaseUser | None) -> list[int]:
    """Call groups resolved: an occurrence from now on makes them regressed.

    Args:
        group_ids: Groups that are not merged into others.
        user: Who decided it; None for Enginel itself.

    Returns:
        The groups that this changed.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One of them is merged into another.
    """

    def change(group: ErrorGroup, now: datetime) -> dict[str, Any]:
        if group.status == GroupStatus.RESOLVED:
            return {}
        return {"status": GroupStatus.RESOLVED, "resolved_at": now}

    return _decide(group_ids, EntryKind.RESOLVED, user, change, {})


def resolve_in_release(group_ids: Collection[int], release: str, user: AbstractBaseUser | None) -> list[int]:
    """Call groups resolved in a release: an occurrence in that or in a later one makes them regressed.

    Args:
        group_ids: Groups that are not merged into others.
        release: The release; empty for the next one that is seen.
        user: Who decided it.

    Returns:
        The groups that this changed.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One of them is merged into another, or its service tells no releases.
    """

    def change(group: ErrorGroup, now: datetime) -> dict[str, Any]:
        if group.status == GroupStatus.RESOLVED_IN_RELEASE and group.resolved_release == release:
            return {}
        if not release and not _releases(group).exists():
            raise locking.RefusedError(
                f'No release of "{group.service}" is known, so a next one would never be seen: set RELEASE there.'
            )
        return {"status": GroupStatus.RESOLVED_IN_RELEASE, "resolved_at": now, "resolved_release": release}

    detail = {"release": release} if release else {"in_next_release": True}
    return _decide(group_ids, EntryKind.RESOLVED, user, change, detail)


def unresolve(group_ids: Collection[int], user: AbstractBaseUser | None) -> list[int]:
    """Take back that groups are resolved, ignored or regressed; arguments and result are those of `resolve`."""

    def change(group: ErrorGroup, _now: datetime) -> dict[str, Any]:
        return {} if group.status == GroupStatus.UNRESOLVED else {"status": GroupStatus.UNRESOLVED}

    return _decide(group_ids, EntryKind.UNRESOLVED, user, change, {})


def ignore(group_ids: Collection[int], ignoring: Ignoring, user: AbstractBaseUser | None) -> list[int]:
    """Ignore groups for good, or until something comes about.

    Args:
        group_ids: Groups that are not merged into others.
        ignoring: Until when.
        user: Who decided it.

    Returns:
        The groups that this changed.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One of them is merged into another.
    """

    def change(group: ErrorGroup, _now: datetime) -> dict[str, Any]:
        wanted = {
            "status": GroupStatus.IGNORED,
            "ignored_until": ignoring.until,
            "ignored_count": None if ignoring.count is None else _total(group) + ignoring.count,
            "ignored_rate": ignoring.rate,
            "ignored_rate_minutes": ignoring.minutes if ignoring.rate is not None else None,
        }
        return wanted if any(getattr(group, name) != value for name, value in wanted.items()) else {}

    given = {
        "until": ignoring.until and ignoring.until.isoformat(),
        "count": ignoring.count,
        "rate": ignoring.rate,
        "minutes": ignoring.minutes,
    }
    detail = {name: value for name, value in given.items() if value is not None}
    return _decide(group_ids, EntryKind.IGNORED, user, change, detail)


def assign(group_ids: Collection[int], assignee: AbstractBaseUser | None, user: AbstractBaseUser | None) -> list[int]:
    """Say who is to look after groups.

    Args:
        group_ids: Groups that are not merged into others.
        assignee: Who is to; None for nobody.
        user: Who decided it.

    Returns:
        The groups that this changed.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One of them is merged into another.
    """
    wanted = None if assignee is None else assignee.pk

    def work(alias: str) -> list[int]:
        changed = [group.pk for group in locking.roots(group_ids, alias) if group.assignee_id != wanted]
        ErrorGroup.objects.using(alias).filter(pk__in=changed).update(assignee=wanted)
        detail = {"assignee": "" if assignee is None else assignee.get_username()}
        now = datetime.now(UTC)
        history.write([history.entry(pk, EntryKind.ASSIGNED, now, user, detail) for pk in changed], alias)
        return changed

    return locking.transact(work)


def comment(group_id: int, text: str, user: AbstractBaseUser | None) -> GroupEntry:
    """Add a comment to a group's history; the same one, sent once more at once, is written once.

    Args:
        group_id: A group that is not merged into another.
        text: The comment; what is beyond 10,000 characters is cut.
        user: Whose it is.

    Raises:
        UnknownGroupError: There is no such group.
        RefusedError: It is merged into another.
    """

    def work(alias: str) -> GroupEntry:
        locking.roots([group_id], alias)
        new = history.entry(group_id, EntryKind.COMMENT, datetime.now(UTC), user, {"text": text[:MAX_COMMENT]})
        last = GroupEntry.objects.using(alias).filter(group=group_id).first()
        if last is not None and (last.kind, last.user_id, last.detail) == (new.kind, new.user_id, new.detail):
            return last
        history.write([new], alias)
        return new

    return locking.transact(work)


def _decide(
    group_ids: Collection[int],
    kind: EntryKind,
    user: AbstractBaseUser | None,
    change: Callable[[ErrorGroup, datetime], Mapping[str, Any]],
    detail: Mapping[str, Any],
) -> list[int]:
    """Change the status of groups as `change` says of each, where it says anything."""

    def work(alias: str) -> list[int]:
        changed, now = [], datetime.now(UTC)
        for group in locking.roots(group_ids, alias):
            if not (values := change(group, now)):
                continue
            for name, value in {**_NOTHING_DECIDED, **values, "status_at": now}.items():
                setattr(group, name, value)
            changed.append(group)
        if not changed:
            return []
        ErrorGroup.objects.using(alias).bulk_update(changed, ["status", "status_at", *_NOTHING_DECIDED])
        pks = [group.pk for group in changed]
        history.write([history.entry(pk, kind, now, user, detail) for pk in pks], alias)
        if kind == EntryKind.RESOLVED:
            lifecycle.group_resolved(pks, alias)
        elif kind == EntryKind.UNRESOLVED:
            lifecycle.group_reopened(pks, alias)
        return pks

    return locking.transact(work)


def _total(group: ErrorGroup) -> int:
    """Return how often a group and its members occurred."""
    members = ErrorGroup.objects.using(group._state.db).filter(merged_into=group.pk)
    return group.count + int(members.aggregate(total=Sum("count"))["total"] or 0)


def _releases(group: ErrorGroup) -> QuerySet[Release]:
    return Release.objects.using(group._state.db).filter(service=group.service).exclude(release="")
