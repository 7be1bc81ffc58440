"""Who logged in and out, and who failed to: Django's signals, recorded as facts, as they change nothing."""

from __future__ import annotations

import contextlib
from time import time_ns
from typing import Any

from django.contrib.auth import signals
from django.utils.crypto import salted_hmac

from monitoring.journal.record import record
from monitoring.recording.client import client_address
from monitoring.recording.context import current

from . import floods

_HINT = 16


def connect() -> None:
    """Listen from now on."""
    signals.user_logged_in.connect(_logged_in, dispatch_uid="enginel-journal")
    signals.user_logged_out.connect(_logged_out, dispatch_uid="enginel-journal")
    signals.user_login_failed.connect(_failed, dispatch_uid="enginel-journal")


def hint(name: str) -> str:
    """Return what stands for a name that somebody tried: the same for the same name, and nobody can read it back.

    What is typed as a name may be a password, or a person's address.

    Args:
        name: As it was typed.
    """
    key = name.strip().casefold()[:300]
    return f"name-{salted_hmac('enginel.journal.login', key, algorithm='sha256').hexdigest()[:_HINT]}"


def _logged_in(request: Any = None, user: Any = None, **_: Any) -> None:
    with contextlib.suppress(Exception):  # nobody is kept out because of what is wrong with the journal
        _record("user.login", request, user)


def _logged_out(request: Any = None, user: Any = None, **_: Any) -> None:
    with contextlib.suppress(Exception):
        if user is not None and user.pk is not None:
            _record("user.logout", request, user)


def _failed(request: Any = None, credentials: Any = None, **_: Any) -> None:
    with contextlib.suppress(Exception):
        given = credentials if isinstance(credentials, dict) else {}
        name = next((str(given[key]) for key in ("username", "email", "login") if given.get(key)), "")
        client = _client(request)
        if count := floods.stands_for("user.login", client, time_ns()):
            target, details = (hint(name) if name else ""), {"attempts": count}
            record(
                "audit",
                "user.login",
                outcome="failure",
                target_type="user",
                target_id=target,
                client=client,
                details=details,
            )


def _record(action: str, request: Any, user: Any) -> None:
    key = str(user.pk)
    name = str(user.get_username())
    record("audit", action, actor=name, user_id=key, target_type="user", target_id=key, client=_client(request))


def _client(request: Any) -> str:
    meta = getattr(request, "META", None)
    if meta:
        return client_address(meta)
    context = current.get()
    return context.client if context is not None else ""
