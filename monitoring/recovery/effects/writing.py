"""Make effects and end them: rows only, in the caller's transaction. Whoever does so projects after its commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from monitoring.recovery.strategies.base import Order, RefusedError

from .models import Effect

EXPIRED = "expired"
"""Who took back what was over by itself, where something else is put in its place."""


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


def end(action_id: uuid.UUID, alias: str, *, by: str = "") -> int:
    """End the effects of an action; return how many still stood.

    Args:
        action_id: The action's.
        alias: The write database.
        by: Who takes them back.
    """
    standing = Effect.objects.using(alias).filter(action_id=action_id, ended=None)
    return standing.update(ended=datetime.now(UTC), ended_by=by[:200])


def forget(before: datetime, alias: str) -> int:
    """Delete effects that ended, or expired, before a time; return how many."""
    return Effect.objects.using(alias).filter(Q(ended__lt=before) | Q(expires__lt=before)).delete()[0]
