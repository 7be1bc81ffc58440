"""Who signs in, and who fails to: Django's signals, noted for the watch. Names leave as what stands for them."""

from __future__ import annotations

import contextlib
from typing import Any

from django.contrib.auth import signals

from monitoring.journal.deeds.logins import hint
from monitoring.recording import visits
from monitoring.recording.client import client_address

_NAMES = ("username", "email", "login")


def connect() -> None:
    """Listen from now on."""
    signals.user_logged_in.connect(_signed_in, dispatch_uid="enginel-security")
    signals.user_login_failed.connect(_failed, dispatch_uid="enginel-security")


def _signed_in(request: Any = None, user: Any = None, **_: Any) -> None:
    with contextlib.suppress(Exception):  # nobody is kept out because of what is wrong with the watch
        visits.sign_in(_client(request), hint(str(user.get_username())), success=True)


def _failed(request: Any = None, credentials: Any = None, **_: Any) -> None:
    with contextlib.suppress(Exception):
        given = credentials if isinstance(credentials, dict) else {}
        name = next((str(given[key]) for key in _NAMES if given.get(key)), "")
        visits.sign_in(_client(request), hint(name) if name else "", success=False)


def _client(request: Any) -> str:
    meta = getattr(request, "META", None)
    return client_address(meta) if meta else ""
