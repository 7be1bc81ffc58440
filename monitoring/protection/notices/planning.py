"""Writing notices, within the transaction of the decision that they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from monitoring.error_rate import get_error_rate

from . import texts, totals
from .models import Notice, NoticeKind, PatchCooldown

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SUBJECT = 200
_MAX_ERRORS = 20


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
    notice = Notice(
        kind=NoticeKind.BLOCK, subject=block.client[:_MAX_SUBJECT], message=texts.of_block(block), complete=True
    )
    _store(notice, alias)
    return True


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
    cooldowns = PatchCooldown.objects.using(alias)
    cooldowns.bulk_create([PatchCooldown(route=name, until=_NEVER)], ignore_conflicts=True)
    until = now + timedelta(seconds=settings.codex_trigger_cooldown_seconds)
    if not cooldowns.filter(route=name, until__lte=now).update(until=until):
        return False
    _store(Notice(kind=NoticeKind.PATCH, subject=name, message=texts.of_patch(route, now, _MAX_ERRORS)), alias)
    return True


def cooldowns(now: datetime, alias: str) -> dict[str, datetime]:
    """Return until when no patch is asked for again, by route."""
    rows = PatchCooldown.objects.using(alias).filter(until__gt=now)
    return dict(rows.order_by("route").values_list("route", "until"))


def _store(notice: Notice, alias: str) -> None:
    notice.save(using=alias, force_insert=True)
    totals.add(notice.kind, totals.PLANNED, alias)
