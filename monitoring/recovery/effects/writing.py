"""Make effects and end them: rows only, in the caller's transaction. Whoever does so projects after its commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from monitoring.recovery.strategies.base import Order, RefusedError

from .models import Effect

EXPIRED = "expired"


def put(
    kind: str, key: str, value: Mapping[str, Any], order: Order, *, alias: str, seconds: float | None = None
) -> Effect:
    """Have the processes of the case's service do something otherwise. The same order again finds the same effect.

    Args:
        kind: One of `recording.effects.KINDS`.
        key: What it is about.
        value: What processes are told, as plain JSON.
        order: What is carried out.
        alias: The write database.
        seconds: For how long; None until it is taken back.

    Raises:
        RefusedError: Something else has an effect on the same key already.
    """
    rows, service = Effect.objects.using(alias), order.case.service
    made = rows.filter(action_id=order.id, kind=kind, key=key).first()
    if made is not None:
        return made
    standing = rows.filter(kind=kind, service=service, key=key, ended=None)
    standing.filter(expires__lte=order.now).update(ended=order.now, ended_by=EXPIRED)
    expires = None if seconds is None else order.now + timedelta(seconds=seconds)
    try:
        with transaction.atomic(alias):
            return rows.create(
                kind=kind,
                service=service,
                key=key,
                value=dict(value),
                action_id=order.id,
                created=order.now,
                expires=expires,
            )
    except IntegrityError:
        raise RefusedError(f"Another action has changed {key} and still stands.") from None


def change(effect: Effect, value: Mapping[str, Any], *, alias: str) -> bool:
    """Tell processes something else of an effect that stands; return whether it still did."""
    return bool(Effect.objects.using(alias).filter(pk=effect.pk, ended=None).update(value=dict(value)))


def end(action_id: uuid.UUID, alias: str, *, by: str = "") -> int:
    """End the effects of an action; return how many still stood.

    Args:
        action_id: The action's.
        alias: The write database.
        by: Who takes them back.
    """
    standing = Effect.objects.using(alias).filter(action_id=action_id, ended=None)
    return standing.update(ended=datetime.now(UTC), ended_by=by[:200])


def expire(now: datetime, alias: str) -> int:
    """Say of effects whose time is over that they ended; return how many. Processes go by the expiry itself."""
    return Effect.objects.using(alias).filter(ended=None, expires__lte=now).update(ended=now, ended_by=EXPIRED)


def forget(before: datetime, alias: str) -> int:
    """Delete effects that ended before a time; return how many."""
    return Effect.objects.using(alias).filter(ended__lt=before).delete()[0]
