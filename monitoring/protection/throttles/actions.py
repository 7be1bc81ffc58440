"""What is decided about throttles. Who ended one that has ended already changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction

from monitoring.protection.telling import tell
from monitoring.storage import trail

from .decisions import MOST
from .limit import Limit, canonical
from .models import Origin, Throttle


class TooManyError(Exception):
    """As many throttles stand as may."""

    def __init__(self) -> None:
        super().__init__(f"There are {MOST} throttles, with which every request is compared: end one first.")


def is_full() -> bool:
    """Whether as many throttles stand as may."""
    standing = Throttle.objects.using(router.db_for_write(Throttle)).filter(ended=None)
    return standing.exclude(expires__lte=datetime.now(UTC)).count() >= MOST


def create(
    limit: Limit,
    who: str,
    now: datetime,
    *,
    enabled: bool = True,
    expires: datetime | None = None,
    origin: str = Origin.MANUAL,
) -> Throttle:
    """Make a throttle.

    Args:
        limit: What it says; it has no problems.
        who: Who makes it.
        now: The current time.
        enabled: Whether it is in force.
        expires: From when it is void by itself; None for never.
        origin: Whether a person or *Recovery* makes it.

    Raises:
        TooManyError: There are too many.
    """
    if is_full():
        raise TooManyError
    alias = router.db_for_write(Throttle)
    said: dict[str, Any] = {
        "scope": limit.scope,
        "match": canonical(limit.scope, limit.match),
        "rate": limit.rate,
        "burst": limit.burst,
        "per": limit.per,
        "reason": limit.reason,
        "origin": origin,
        "enabled": enabled,
        "expires": expires,
    }
    with transaction.atomic(using=alias):
        row = Throttle.objects.using(alias).create(**said, created=now, created_by=who)
        trail.tell(trail.Deed("throttle.create", "throttle", str(row.pk), actor=who, details=said), alias)
        tell(alias)
    return row


def change(pk: int, values: dict[str, Any], who: str, now: datetime) -> bool:
    """Change a throttle.

    Args:
        pk: Which one.
        values: What changes, by field; with the rest of it they have no problems.
        who: Who changes it.
        now: The current time.

    Returns:
        Whether it stood, so that it could be changed.
    """
    alias = router.db_for_write(Throttle)
    standing = Throttle.objects.using(alias).filter(pk=pk, ended=None)
    with transaction.atomic(using=alias):
        changed = bool(standing.update(**values, changed=now, changed_by=who))
        if changed:
            trail.tell(trail.Deed("throttle.change", "throttle", str(pk), actor=who, details=values), alias)
        tell(alias)
    return changed


def end(pk: int, who: str, now: datetime) -> bool:
    """End a throttle; return whether it stood until then."""
    alias = router.db_for_write(Throttle)
    with transaction.atomic(using=alias):
        ended = bool(Throttle.objects.using(alias).filter(pk=pk, ended=None).update(ended=now, ended_by=who))
        if ended:
            trail.tell(trail.Deed("throttle.end", "throttle", str(pk), actor=who), alias)
        tell(alias)
    return ended


def end_all(who: str, now: datetime) -> int:
    """End every throttle that stands; return how many they were."""
    alias = router.db_for_write(Throttle)
    with transaction.atomic(using=alias):
        ended = Throttle.objects.using(alias).filter(ended=None).update(ended=now, ended_by=who)
        if ended:
            trail.tell(trail.Deed("throttle.end_all", "throttle", "", actor=who, details={"number": ended}), alias)
        tell(alias)
    return ended
