"""Groups and their rows, made by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections, router

from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint, GroupHour, GroupRelease, GroupUser, Release
from monitoring.errors.groups.transitions import Touched
from monitoring.errors.log.models import ErrorLog
from monitoring.storage.folding import Scope

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A full hour from which tests count minutes."""


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def scope(minutes: float = 0) -> Scope:
    connection = connections[router.db_for_write(ErrorGroup)]
    return Scope(connection, 0, "facts", round(at(minutes).timestamp() * 1000), 100, 100, 100)


def group(title: str = "ValueError: no", minutes: float = 0, **values: Any) -> ErrorGroup:
    """A group that was seen once."""
    seen = {"first_seen": at(minutes), "last_seen": at(minutes), "count": 1, "service": "shop"}
    one = ErrorGroup.objects.create(title=title, **seen | values)
    GroupFingerprint.objects.create(service=one.service, fingerprint=uuid.uuid4().hex[:16], group=one)
    return one


def occur(one: ErrorGroup, minutes: Iterable[float], release: str = "", kept: str = "sample") -> Touched:
    """Store occurrences as a drain does, and say what was touched."""
    moments = sorted(at(minute) for minute in minutes)
    for moment in moments:
        hour, _made = GroupHour.objects.get_or_create(group=one, hour=int(moment.timestamp()) // 3600)
        GroupHour.objects.filter(pk=hour.pk).update(count=hour.count + 1)
        ErrorLog.objects.create(group=one, created=moment, service=one.service, release=release, kept=kept)
        if release:
            Release.objects.get_or_create(service=one.service, release=release, defaults={"first_seen": moment})
            seen, _made = GroupRelease.objects.get_or_create(
                group=one, release=release, defaults={"first_seen": moment}
            )
            GroupRelease.objects.filter(pk=seen.pk).update(count=seen.count + 1)
    now = ErrorGroup.objects.get(pk=one.pk)
    ErrorGroup.objects.filter(pk=one.pk).update(
        count=now.count + len(moments), last_seen=max(now.last_seen, moments[-1])
    )
    return Touched(one.pk, False, round(moments[-1].timestamp() * 1000), frozenset({release}))


def meet(one: ErrorGroup, users: Iterable[str]) -> None:
    """Let a group meet users whom it did not know."""
    rows = [GroupUser(group=one, user=user) for user in users]
    GroupUser.objects.bulk_create(rows)
    ErrorGroup.objects.filter(pk=one.pk).update(users=len(rows))
