"""Drop what was done long ago, and messages nobody asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .models import Action, StoredMessage


def prune(config: Config) -> None:
    """Drop actions and messages that are beyond their retention."""
    now = datetime.now(UTC)
    actions, messages = connections[router.db_for_write(Action)], connections[router.db_for_write(StoredMessage)]
    delete_older(actions, Action, "requested_at", now - timedelta(days=config.action_retention_days))
    delete_older(messages, StoredMessage, "captured", now - timedelta(days=config.run_retention_days))
