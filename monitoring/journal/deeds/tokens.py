"""Tokens: made, renewed, deleted and expired in the very transactions that do so; used and refused as facts."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from time import monotonic, time_ns
from typing import Any

from django.db.models.signals import post_delete, post_save
from knox.models import get_token_model

from monitoring.access import signals
from monitoring.journal.record import record
from monitoring.recording.context import current
from monitoring.storage import trail
from monitoring.storage.trail import Deed

from . import floods
from .entries import TOKEN_LENGTH

_PERIOD = 3_600.0
"""Seconds in which a process tells once that a token is used by a client."""
_MOST = 5_000
_used: dict[tuple[str, str], float] = {}


def connect() -> None:
    """Listen from now on."""
    model = get_token_model()
    post_save.connect(_saved, sender=model, dispatch_uid="enginel-journal-token")
    post_delete.connect(_deleted, sender=model, dispatch_uid="enginel-journal-token")
    signals.token_used.connect(_was_used, dispatch_uid="enginel-journal")
    signals.token_refused.connect(_refused, dispatch_uid="enginel-journal")
    signals.access_denied.connect(_denied, dispatch_uid="enginel-journal")


def forget() -> None:
    """Tell of every use anew: in a child process, and between tests."""
    _used.clear()


def _saved(instance: Any, created: bool, using: str, raw: bool = False, **_: Any) -> None:
    if not raw:
        trail.tell(_deed("token.create" if created else "token.renew", instance), using)


def _deleted(instance: Any, using: str, **_: Any) -> None:
    over = instance.expiry is not None and instance.expiry <= datetime.now(UTC)
    trail.tell(_deed("token.expire" if over else "token.delete", instance), using)


def _deed(action: str, token: Any) -> Deed:
    expiry = token.expiry.isoformat() if token.expiry is not None else None
    return Deed(action, "token", known_as(token), details={"of_user": str(token.user_id), "expires": expiry})


def known_as(token: Any) -> str:
    """Return by what the journal knows a token: the first characters of its digest."""
    return str(token.digest)[:TOKEN_LENGTH]


def _was_used(token: Any, **_: Any) -> None:
    client, now = _client(), monotonic()
    key = (known_as(token), client)
    last = _used.get(key)
    if last is not None and now - last < _PERIOD:
        return
    if len(_used) >= _MOST:
        _used.clear()
    _used[key] = now
    who = token.user
    record(
        "audit",
        "token.use",
        actor=str(who.get_username()),
        user_id=str(who.pk),
        token=key[0],
        target_type="token",
        target_id=key[0],
    )


def _refused(digest: str, **_: Any) -> None:
    known, client = digest[:TOKEN_LENGTH], _client()
    if count := floods.stands_for("token.use", client, time_ns()):
        details = {"attempts": count}
        record("audit", "token.use", outcome="failure", target_type="token", target_id=known, details=details)


def _denied(user: Any, request: Any, **_: Any) -> None:
    key, client = str(user.pk), _client()
    if count := floods.stands_for(("access", key), client, time_ns()):
        match = getattr(request, "resolver_match", None)
        record(
            "audit",
            "access.refuse",
            outcome="denied",
            actor=str(user.get_username()),
            user_id=key,
            target_type="route",
            target_id=f"{request.method} {getattr(match, 'route', '')}",
            details={"attempts": count},
        )


def _client() -> str:
    context = current.get()
    return context.client if context is not None else ""


os.register_at_fork(after_in_child=forget)
