"""Wiring the journal to what it keeps; called once all apps are loaded."""

from __future__ import annotations

from django.apps import apps

from monitoring.storage.trail import acted

from . import keeping


def connect() -> None:
    """Listen to deeds, and to the signals of Django's logins, its admin pages, and tokens, as far as there are any."""
    from . import admin_log

    acted.connect(keeping.acted, dispatch_uid="enginel-journal")
    admin_log.connect()
    if apps.is_installed("django.contrib.auth"):
        from . import logins

        logins.connect()
    if apps.is_installed("knox"):
        from . import tokens

        tokens.connect()
