"""Writing notices, within the transaction of the decision that they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitoring.error_rate import get_error_rate
from monitoring.storage.outbox import OutgoingState

from . import texts, totals
from .models import SEVERAL, Notice, NoticeKind, PatchCooldown

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SUBJECT = 200
_MAX_ERRORS = 20
_GATHERED = timedelta(minutes=1)
_ONE_BY_ONE = 5
"""So many notices of blocks are written within a minute; of further blocks one tells together, a minute later."""


@dataclass(frozen=True)
class Blocked:
    """A client that was blocked.

    Attributes:
        block_id: Of the block's row.
        client: An address, or an IPv6 network.
        count: Errors within the window.
        window_seconds: How long the window is.
        since: When it was blocked.
        until: When that ends by itself.
        reason: Why, in words.
        route: Where most of the errors were; empty where that is not known.
    """

    block_id: int
    client: str
    count: int
    window_seconds: int
    since: datetime
    until: datetime
    reason: str
    route: str = ""


@dataclass(frozen=True)
class Failing:
    """A route that fails frequently.

    Attributes:
        route: With its method, such as `GET api/designs/<uuid:pk>/`.
        count: Errors within the window.
        window_seconds: How long the window is.
        errors: Ids of its errors, the newest first, as far as they are known.
    """

    route: str
    count: int
    window_seconds: int
    errors: tuple[UUID, ...] = ()


def plan_block(block: Blocked, alias: str) -> bool:
    """Have it told that a client was blocked, if there is anybody to tell.

    Args:
        block: What happened.
        alias: The database, in whose transaction this is called.

    Returns:
        Whether there is something to send now.
    """
    if not get_error_rate().slack_notification_url:
        return False
    now, rows = block.since, Notice.objects.using(alias).filter(kind=NoticeKind.BLOCK)
    if rows.filter(created__gt=now - _GATHERED).count() < _ONE_BY_ONE:
        _store(_told(block.client[:_MAX_SUBJECT], texts.of_block(block), now), now, alias)
        return True
    # Whoever takes it to send it skips it while it is locked, or has it already: then there is none that waits.
    gathering = rows.select_for_update().filter(subject=SEVERAL, state=OutgoingState.PENDING, attempts=0)
    if (waiting := gathering.order_by("pk").first()) is not None:
        rows.filter(pk=waiting.pk).update(message=texts.with_another(waiting.message, block))
        return False
    _store(_told(SEVERAL, texts.of_several(block), now + _GATHERED), now, alias)
    return False


def plan_patch(route: Failing, now: datetime, alias: str) -> bool:
    """Have a fix of a route asked for, unless that was done within the cooldown, or there is nobody to ask.

    Of many who try at once, one does. Who plans several in one transaction does so in the order of their names.

    Args:
        route: What fails.
        now: The current time.
        alias: The database, in whose transaction this is called.

    Returns:
        Whether there is something to send now.
    """
    settings = get_error_rate()
    if not settings.codex_trigger_url:
        return False
    name = route.route[:_MAX_SUBJECT]
    rows = PatchCooldown.objects.using(alias)
    until = now + timedelta(seconds=settings.codex_trigger_cooldown_seconds)
    if rows.filter(route=name, until__gt=now).exists():  # the usual case while a route fails waits for nobody
        return False
    rows.bulk_create([PatchCooldown(route=name, until=_NEVER)], ignore_conflicts=True)
    if not rows.filter(route=name, until__lte=now).update(until=until):
        return False
    message = texts.of_patch(route, now, _MAX_ERRORS)
    _store(Notice(kind=NoticeKind.PATCH, subject=name, message=message, next_at=now), now, alias)
    return True


def cooldowns(now: datetime, alias: str) -> dict[str, datetime]:
    """Return until when no patch is asked for again, by route, for the documented `codex_triggered:route:<route>`."""
    rows = PatchCooldown.objects.using(alias).filter(until__gt=now)
    return dict(rows.order_by("route").values_list("route", "until"))


def _told(subject: str, message: dict[str, Any], at: datetime) -> Notice:
    return Notice(kind=NoticeKind.BLOCK, subject=subject, message=message, complete=True, next_at=at)


def _store(notice: Notice, now: datetime, alias: str) -> None:
    notice.created = now
    notice.save(using=alias, force_insert=True)
    totals.add(notice.kind, totals.PLANNED, alias)
