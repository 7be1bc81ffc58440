"""Drop what ended long ago: blocks, throttles and networks of the allow-list, and who has not acted lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connections, router
from django.db.models import Model

from monitoring.conf import Config
from monitoring.storage.deletion import delete_older

from .admins.models import ActingAdmin
from .allowed.models import AllowedNetwork
from .blocks.models import Block
from .throttles.models import Throttle

_DECIDED: tuple[tuple[type[Model], str], ...] = (
    (Block, "ended"),
    (Throttle, "ended"),
    (Throttle, "expires"),
    (AllowedNetwork, "ended"),
    (AllowedNetwork, "expires"),
)
"""Rows, and the times of which each one means that they are over."""


def prune(config: Config) -> None:
    """Drop what is beyond its retention, which is that of all that admins decide; what is in force never ends by it."""
    now = datetime.now(UTC)
    decided = now - timedelta(days=config.action_retention_days)
    for model, column in _DECIDED:
        delete_older(connections[router.db_for_write(model)], model, column, decided)
    acted = now - timedelta(seconds=config.acting_admin_seconds)
    delete_older(connections[router.db_for_write(ActingAdmin)], ActingAdmin, "at", acted)
