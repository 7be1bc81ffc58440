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
from .circuits import retention as circuits
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
    """Drop what is beyond its retention, which is that of all that admins decide; what is in force never ends by it.

    The samples that a block came from, with the users that they met, are kept no longer than other samples of errors.
    """
    now = datetime.now(UTC)
    decided = now - timedelta(days=config.action_retention_days)
    for model, column in _DECIDED:
        delete_older(connections[router.db_for_write(model)], model, column, decided)
    sampled = now - timedelta(days=config.sample_retention_days)
    over = Block.objects.using(router.db_for_write(Block)).filter(ended__lt=sampled)
    over.exclude(evidence={}).update(evidence={})
    circuits.prune(now, decided)
    acted = now - timedelta(seconds=config.acting_admin_seconds)
    delete_older(connections[router.db_for_write(ActingAdmin)], ActingAdmin, "at", acted)
