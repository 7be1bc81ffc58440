"""What is to be sent to others, as rows: written with what it tells of, and sent by whoever holds a lease on it.

A row is marked neither before it is sent, which would lose it, nor without a lease, which would double it. Who dies in
the middle leaves a lease that expires; the next one sends it again with the same `idempotency_key`, so that the
receiver can tell. Each change is conditional on the lease: who lost it changes nothing any more.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

_MAX_ERROR = 500
_MOST_RETRY_AFTER = 86_400.0


class OutgoingState(models.TextChoices):
    """How far it got."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


class Outgoing(models.Model):
    """Something that is to be sent, at least once. A subclass says what; its `Meta` inherits this one.

    Attributes:
        state: `pending` until somebody takes it, `sending` while one holds it, `sent`, `dead` when it was given up, and
            `dropped` when it needed not be sent any more.
        attempts: How often somebody took it to send it.
        next_at: Not before this it is taken.
        lease: Of the one who holds it.
        leased_until: From then on others may take it.
        idempotency_key: The same with each attempt, for the receiver.
        last_error: What went wrong the last time, without secrets; or why it was dropped.
        settled: When it was sent, given up or dropped.
        max_attempts: After so many it is given up.
        first_wait: Seconds at most before the second attempt; twice as long before each further one.
        most_wait: Seconds at most before any attempt.
    """

    state = models.CharField(max_length=10, choices=OutgoingState.choices, default=OutgoingState.PENDING)
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    last_error = models.CharField(max_length=_MAX_ERROR, blank=True, default="")
    created = models.DateTimeField(default=timezone.now)
    settled = models.DateTimeField(null=True, blank=True)

    max_attempts: ClassVar[int] = 12
    first_wait: ClassVar[float] = 5.0
    most_wait: ClassVar[float] = 1_800.0

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["state", "next_at"], name="%(app_label)s_%(class)s_open"),
            models.Index(fields=["settled"], name="%(app_label)s_%(class)s_settled"),
        ]


_Row = TypeVar("_Row", bound=Outgoing)


def due(rows: QuerySet[_Row], now: datetime) -> QuerySet[_Row]:
    """Return those of `rows` that can be taken: it is their time, or whoever held them is gone."""
    waiting = Q(state=OutgoingState.PENDING, next_at__lte=now)
    abandoned = Q(state=OutgoingState.SENDING, leased_until__lte=now)
    return rows.filter(waiting | abandoned)


def claim(rows: QuerySet[_Row], limit: int, seconds: float, now: datetime) -> list[_Row]:
    """Take rows to send them. Of many who try at once, exactly one gets each. Not within a transaction.

    Rows that nobody ever settled, in as many attempts as there are, are given up: they may be what ends processes.

    Args:
        rows: Among which, in their database (`using`).
        limit: How many at most.
        seconds: For how long; more than sending all of them can take.
        now: The current time.

    Returns:
        The rows taken, those first that wait longest. They are settled by `sent`, `failed`, `refuse` or `drop`.
    """
    if not due(rows, now).exists():  # the usual case needs no transaction
        return []
    model, alias, mine = rows.model, rows.db, uuid.uuid4()
    table = model._default_manager.using(alias)
    with transaction.atomic(using=alias, durable=True):
        due(rows, now).filter(attempts__gte=model.max_attempts, state=OutgoingState.SENDING).update(
            state=OutgoingState.DEAD,
            lease=None,
            leased_until=None,
            settled=now,
            last_error=f"None of {model.max_attempts} attempts came to an end: the process was gone each time.",
        )
        # Locked rows are skipped where the database can, so that many who claim do not queue; where it cannot, the
        # condition of the update is what decides.
        free = due(rows, now).select_related(None).only("pk").order_by("next_at", "pk")
        chosen = [row.pk for row in free.select_for_update(skip_locked=True, of=("self",))[:limit]]
        due(table.filter(pk__in=chosen), now).update(
            state=OutgoingState.SENDING,
            lease=mine,
            leased_until=now + timedelta(seconds=seconds),
            attempts=F("attempts") + 1,
        )
    return list(table.filter(pk__in=chosen, lease=mine).order_by("next_at", "pk"))


def sent(row: Outgoing, now: datetime | None = None) -> bool:
    """Note that the receiver has it; return whether it was still held."""
    return _settle(row, OutgoingState.SENT, "", now)


def failed(row: Outgoing, error: str, retry_after: float | None = None, now: datetime | None = None) -> bool:
    """Note that it could not be sent this time: it is tried again later, or given up after the last attempt.

    Args:
        row: A row that was claimed.
        error: What went wrong, without secrets.
        retry_after: Seconds for which the receiver wants to be left alone, if it said so.
        now: The current time, unless it is.

    Returns:
        Whether it was still held.
    """
    if row.attempts >= row.max_attempts:
        return _settle(row, OutgoingState.DEAD, error, now)
    now = now or timezone.now()
    later = now + timedelta(seconds=wait(row, retry_after))
    return _change(row, state=OutgoingState.PENDING, next_at=later, last_error=error[:_MAX_ERROR])


def refuse(row: Outgoing, error: str, now: datetime | None = None) -> bool:
    """Give it up: the receiver will never take it; return whether it was still held."""
    return _settle(row, OutgoingState.DEAD, error, now)


def drop(row: Outgoing, reason: str, now: datetime | None = None) -> bool:
    """Note that it need not be sent any more; return whether it was still held."""
    return _settle(row, OutgoingState.DROPPED, reason, now)


def retry(row: Outgoing, now: datetime | None = None) -> bool:
    """Have one sent that was given up, because a person says so; return whether it was one that was given up."""
    dead = type(row)._default_manager.using(row._state.db).filter(pk=row.pk, state=OutgoingState.DEAD)
    values: dict[str, Any] = {"state": OutgoingState.PENDING, "attempts": 0, "settled": None}
    return bool(dead.update(next_at=now or timezone.now(), **values))


def wait(row: Outgoing, retry_after: float | None = None) -> float:
    """Return for how many seconds a row is left alone after its last attempt: exponential, with full jitter.

    Args:
        row: A row that was claimed.
        retry_after: What the receiver asked for; then it is that, a bit more, and a day at most.
    """
    if retry_after is not None:
        return min(max(retry_after, 0.0), _MOST_RETRY_AFTER) * random.uniform(1.0, 1.1)  # noqa: S311
    return random.uniform(0.0, min(row.first_wait * 2 ** min(row.attempts - 1, 30), row.most_wait))  # noqa: S311


def _settle(row: Outgoing, state: OutgoingState, error: str, now: datetime | None) -> bool:
    return _change(row, state=state, settled=now or timezone.now(), last_error=error[:_MAX_ERROR])


def _change(row: Outgoing, **values: Any) -> bool:
    held = type(row)._default_manager.using(row._state.db).filter(pk=row.pk, state=OutgoingState.SENDING)
    return bool(held.filter(lease=row.lease).update(lease=None, leased_until=None, **values))
